"""The flights: their times in UTC, their names, what is read and what is refused."""

from datetime import UTC, date, datetime

import pytest

from tidegauge.demo.errors import DemoError
from tidegauge.demo.flights import (
    MINUTE_MS,
    Flight,
    Outcome,
    Surroundings,
    Weather,
    count_outcomes,
    load_flights,
    new_york_midnight_ms,
    next_time_on_clock,
    parse_flights,
)

AROUND = Surroundings(
    weather={("JFK", 379_017): Weather(60.5, None)},  # 2013-03-28 09:00 UTC
    zones={"LAX": "America/Los_Angeles", "BQN": "America/Puerto_Rico"},
    seats={"N1": 150},
)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def flight(row: str) -> Flight:
    (parsed,) = parse_flights([row.split(",")], AROUND)
    return parsed


@pytest.fixture(scope="module")
def year() -> list[Flight]:
    return load_flights()


def test_departure_is_new_york_time_and_arrival_the_destinations():
    winter = flight("2013,1,5,705,700,5,1010,1020,-10,B6,23,N1,JFK,LAX,330,2475,7,0,ignored")
    assert winter.departure_ms == ms("2013-01-05T12:05")
    assert winter.arrival_ms == ms("2013-01-05T18:10")
    assert winter.scheduled_duration == 380
    summer = flight("2013,7,5,705,700,5,1010,1020,-10,B6,23,N1,JFK,LAX,330,2475,7,0,ignored")
    assert summer.departure_ms == ms("2013-07-05T11:05")
    assert summer.arrival_ms == ms("2013-07-05T17:10")


def test_delay_past_midnight_leaves_on_the_next_day_and_keeps_its_name():
    late = flight("2013,1,5,25,2300,85,310,140,90,B6,23,N1,JFK,LAX,330,2475,23,0,ignored")
    assert late.departure_ms == ms("2013-01-06T05:25")
    assert late.arrival_ms == ms("2013-01-06T11:10")
    assert late.request_id == "2013-01-05-B6-23-JFK"


def test_midnight_written_as_24_hours():
    landing = flight("2013,1,5,1930,1930,0,2400,2355,5,B6,1,N1,JFK,LAX,330,2475,19,30,ignored")
    assert landing.arrival_ms == ms("2013-01-06T08:00")


@pytest.mark.parametrize(
    ("departure", "clock", "arrival"),
    [
        ("2013-03-10T05:30", "330", "2013-03-10T07:30"),  # 00:30 EST to 03:30 EDT: two hours
        ("2013-03-10T05:30", "230", "2013-03-10T07:30"),  # an hour that was skipped
        ("2013-03-10T05:30", "130", "2013-03-10T06:30"),
        ("2013-11-03T04:30", "230", "2013-11-03T07:30"),  # 00:30 EDT to 02:30 EST: three hours
        ("2013-11-03T04:30", "130", "2013-11-03T05:30"),  # 01:30 comes twice: the first
    ],
)
def test_clocks_that_change_under_way(departure: str, clock: str, arrival: str):
    assert next_time_on_clock(ms(departure), clock, "America/New_York") == ms(arrival)


def test_same_time_on_the_clock_is_a_day_later():
    after = ms("2013-06-01T12:00")
    assert next_time_on_clock(after, "800", "America/New_York") == after + 24 * 60 * MINUTE_MS


def test_cancelled_has_no_departure_and_diverted_no_arrival():
    cancelled = flight("2013,1,5,NA,700,NA,NA,1020,NA,B6,23,NA,JFK,LAX,NA,2475,7,0,ignored")
    assert (cancelled.outcome, cancelled.departure_ms) == (Outcome.CANCELLED, None)
    diverted = flight("2013,1,5,705,700,5,1510,1020,NA,B6,24,N1,JFK,LAX,NA,2475,7,0,ignored")
    assert (diverted.outcome, diverted.arrival_ms) == (Outcome.DIVERTED, None)


def test_weather_is_of_the_hour_of_departure_and_seats_of_the_aircraft():
    known = flight("2013,3,28,505,500,5,850,845,5,B6,23,N1,JFK,BQN,200,1576,5,0,ignored")
    assert (known.weather, known.aircraft_seats) == (Weather(60.5, None), 150)
    unknown = flight("2013,3,28,605,600,5,950,945,5,B6,25,N2,JFK,BQN,200,1576,6,0,ignored")
    assert (unknown.weather, unknown.aircraft_seats) == (Weather(None, None), None)


def test_weather_at_the_schedule_is_known_of_flights_that_leave_later_or_never():
    late = flight("2013,3,28,625,500,85,1010,845,85,B6,23,N1,JFK,BQN,200,1576,5,0,ignored")
    assert (late.weather, late.scheduled_weather) == (Weather(None, None), Weather(60.5, None))
    never = flight("2013,3,28,NA,500,NA,NA,845,NA,B6,23,NA,JFK,BQN,NA,1576,5,0,ignored")
    assert never.scheduled_weather == Weather(60.5, None)


def test_a_year_has_every_flight_once(year: list[Flight]):
    assert len(year) == len({flight.request_id for flight in year}) == 336_776
    assert count_outcomes(year) == {
        Outcome.ARRIVED: 327_346,
        Outcome.CANCELLED: 8_255,
        Outcome.DIVERTED: 1_175,
    }


def test_times_agree_with_the_delays_that_the_data_states(year: list[Flight]):
    differing = [
        flight.request_id
        for flight in year
        if flight.arrival_ms is not None
        and flight.arrival_delay is not None
        and flight.arrival_ms - flight.scheduled_ms
        != (flight.scheduled_duration + flight.arrival_delay) * MINUTE_MS
    ]
    assert differing == []


def test_a_period_is_that_part_of_the_year(year: list[Flight]):
    start, end = date(2013, 1, 30), date(2013, 2, 3)
    from_id, to_id = start.isoformat(), end.isoformat()
    part = [flight for flight in year if from_id <= flight.request_id[:10] < to_id]
    assert load_flights(start, end) == part


def test_day_begins_at_midnight_of_new_york():
    assert new_york_midnight_ms(date(2013, 2, 10)) == ms("2013-02-10T05:00")
    assert new_york_midnight_ms(date(2013, 8, 10)) == ms("2013-08-10T04:00")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2013, 2, 1), date(2013, 2, 1)),
        (date(2012, 12, 31), date(2013, 2, 1)),
        (date(2013, 12, 1), date(2014, 1, 2)),
    ],
)
def test_period_outside_the_data_is_refused(start: date, end: date):
    with pytest.raises(DemoError, match="choose a period within 2013"):
        load_flights(start, end)
