"""The mean delay of those that left an airport of late."""

import pytest
from msgspec.structs import replace

from tidegauge.demo.flights import MINUTE_MS, Flight, Weather
from tidegauge.demo.recent import RECENT_MS, RecentDelays

NOON = 1_360_497_600_000
ABSENT = Weather(None, None)
SCHEDULED = Flight(
    request_id="f",
    carrier="B6",
    origin="JFK",
    destination="LAX",
    scheduled_ms=NOON,
    scheduled_duration=300,
    distance_miles=2475,
    departure_ms=None,
    departure_delay=None,
    arrival_ms=None,
    arrival_delay=None,
    aircraft_seats=None,
    weather=ABSENT,
    scheduled_weather=ABSENT,
)


def left(departure_ms: int, delay: int, origin: str = "JFK") -> Flight:
    return replace(SCHEDULED, origin=origin, departure_ms=departure_ms, departure_delay=delay)


@pytest.mark.parametrize(
    ("origin", "at", "mean"),
    [
        ("JFK", NOON, None),  # nobody has left before
        ("JFK", NOON + 1, 10.0),
        ("JFK", NOON + 5 * MINUTE_MS, 10.0),  # what leaves at this moment is not known yet
        ("JFK", NOON + 6 * MINUTE_MS, 5.5),
        ("JFK", NOON + RECENT_MS, 5.5),
        ("JFK", NOON + RECENT_MS + 1, 1.0),
        ("JFK", NOON + 2 * RECENT_MS, None),
        ("LGA", NOON + 1, 90.0),
        ("EWR", NOON + 1, None),
    ],
)
def test_mean_is_of_those_that_left_the_same_airport_shortly_before(
    origin: str, at: int, mean: float | None
):
    flights = [left(NOON + 5 * MINUTE_MS, 1), left(NOON, 10), left(NOON, 90, "LGA"), SCHEDULED]
    assert RecentDelays(flights).mean(origin, at) == mean
