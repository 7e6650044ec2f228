"""What each model of the demo is asked about a flight, when, and what turns out true.

All models answer under one request id per flight, as services that pass an order's number on do.
Their truths differ, so each feedback names the model that it is about: one that names none would
label every prediction of its request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from tidegauge.core.events import Features, Outcome
from tidegauge.demo.features import AT_DEPARTURE, AT_SCHEDULE, at_departure, at_schedule
from tidegauge.demo.flights import HOUR_MS, Flight
from tidegauge.demo.recent import RecentDelays

LATE_MINUTES: Final = 15
"""A flight is late when it arrives more than so many minutes after its scheduled time."""
VERY_LATE_MINUTES: Final = 60
CANCELLED_MS: Final = 3 * HOUR_MS
"""A cancellation is taken for known so long after the scheduled departure: the others have landed
by then, on average."""


class ModelName(StrEnum):
    """The models of the demo."""

    FLIGHT_DELAY = "flight-delay"
    """Binary: will the flight that leaves now be late? In a fault, version 2 replaces version 1."""
    ARRIVAL_DELAY = "arrival-delay"
    """Regression: how many minutes late will it be? A shadow answers the same requests."""
    FLIGHT_STATUS = "flight-status"
    """Multiclass: what will become of the flight that should leave now?"""


class Status(StrEnum):
    """The classes of `ModelName.FLIGHT_STATUS`."""

    ON_TIME = "on time"
    LATE = "late"
    VERY_LATE = "very late"
    CANCELLED = "cancelled"


class Truth(NamedTuple):
    """A label, and when it is known in ms since the epoch."""

    time_ms: int
    label: Outcome


@dataclass(frozen=True, slots=True)
class Task:
    """What a model is asked.

    Attributes:
        asked_ms: When, in ms since the epoch; None for a flight that it is not asked about.
        features: What is known then; predictions carry all of it, though a version may read less.
        numbers: The names of those that are numbers.
        truth: What turns out; None where nothing does.
        versions: The versions of the model that answer: the champion, then its shadows.
    """

    asked_ms: Callable[[Flight], int | None]
    features: Callable[[Flight, RecentDelays], Features]
    numbers: tuple[str, ...]
    truth: Callable[[Flight], Truth | None]
    versions: tuple[str, ...]


def _departure(flight: Flight) -> int | None:
    return flight.departure_ms


def _schedule(flight: Flight) -> int | None:
    return flight.scheduled_ms


def _lateness(flight: Flight) -> Truth | None:
    if flight.arrival_ms is None or flight.arrival_delay is None:
        return None
    return Truth(flight.arrival_ms, int(flight.arrival_delay > LATE_MINUTES))


def _delay(flight: Flight) -> Truth | None:
    if flight.arrival_ms is None or flight.arrival_delay is None:
        return None
    return Truth(flight.arrival_ms, float(flight.arrival_delay))


def _status(flight: Flight) -> Truth | None:
    if flight.departure_ms is None:
        return Truth(flight.scheduled_ms + CANCELLED_MS, str(Status.CANCELLED))
    if flight.arrival_ms is None or flight.arrival_delay is None:
        return None
    status = Status.ON_TIME
    if flight.arrival_delay > LATE_MINUTES:
        status = Status.LATE if flight.arrival_delay <= VERY_LATE_MINUTES else Status.VERY_LATE
    return Truth(flight.arrival_ms, str(status))


TASKS: Final = {
    ModelName.FLIGHT_DELAY: Task(_departure, at_departure, AT_DEPARTURE, _lateness, ("1",)),
    ModelName.ARRIVAL_DELAY: Task(_departure, at_departure, AT_DEPARTURE, _delay, ("1", "1-lite")),
    ModelName.FLIGHT_STATUS: Task(_schedule, at_schedule, AT_SCHEDULE, _status, ("1",)),
}
