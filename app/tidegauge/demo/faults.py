"""Faults with a known cause, injected into the replay from a day on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from tidegauge.core.events import Features, FeatureValue
from tidegauge.demo.errors import DemoError
from tidegauge.demo.features import DEPARTURE_DELAY, RECENT_DELAY
from tidegauge.demo.flights import (
    FIRST_DAY,
    LAST_DAY,
    MINUTE_MS,
    Flight,
    new_york_midnight_ms,
)
from tidegauge.demo.model import BinaryModel, Model

QUEUE_ORIGIN = "EWR"
QUEUE_MINUTES = 30
SECONDS_PER_MINUTE = 60
DELAYS = frozenset({DEPARTURE_DELAY, RECENT_DELAY})


class FaultKind(StrEnum):
    """What goes wrong."""

    BROKEN_FEATURE = "broken-feature"
    """Departure delays arrive in seconds instead of minutes, and the models read them so."""
    BAD_VERSION = "bad-version"
    """Version 2 of the binary model replaces version 1; its classes were swapped when it was
    exported."""
    CONCEPT_CHANGE = "concept-change"
    """A runway at Newark is closed: after leaving the gate, every flight queues half an hour.

    The features say nothing of it, so the same inputs now mean later arrivals.
    """


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, in force for flights that leave on ``start`` (New York time) or later."""

    kind: FaultKind
    start: date


USUAL_FAULT: Final = Fault(FaultKind.BAD_VERSION, date(2013, 1, 5))
"""The one that is shown where none is named: four days are enough to know what is normal."""


def parse_fault(text: str) -> Fault:
    """A fault written as ``kind@day``, for instance ``broken-feature@2013-02-10``.

    Raises:
        DemoError: The kind is unknown, or the day is none of 2013.
    """
    kind, _, day = text.partition("@")
    try:
        fault = Fault(FaultKind(kind), date.fromisoformat(day))
    except ValueError:
        fault = None
    if fault is None or not FIRST_DAY <= fault.start <= LAST_DAY:
        kinds = ", ".join(FaultKind)
        raise DemoError(
            f"the fault {text!r} was not understood: write KIND@DAY, where KIND is one of {kinds} "
            "and DAY is a day of 2013, for instance broken-feature@2013-02-10"
        )
    return fault


class Faults:
    """Which faults are in force at a moment, and what they do."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        """Take the ``faults``; of several of one kind, the earliest counts."""
        latest_first = sorted(faults, key=lambda fault: fault.start, reverse=True)
        self._starts_ms = {fault.kind: new_york_midnight_ms(fault.start) for fault in latest_first}

    def in_force(self, kind: FaultKind, time_ms: int) -> bool:
        """Whether a flight that leaves or a model that is asked at ``time_ms`` meets the fault."""
        start_ms = self._starts_ms.get(kind)
        return start_ms is not None and time_ms >= start_ms

    def features(self, features: Features, time_ms: int) -> Features:
        """The features as they reach a model that is asked at ``time_ms``."""
        if not self.in_force(FaultKind.BROKEN_FEATURE, time_ms):
            return features
        return {name: _broken(name, value) for name, value in features.items()}

    def flight(self, flight: Flight) -> Flight:
        """The flight as it really went."""
        if (
            flight.origin != QUEUE_ORIGIN
            or flight.departure_ms is None
            or flight.arrival_ms is None
            or flight.arrival_delay is None
            or not self.in_force(FaultKind.CONCEPT_CHANGE, flight.departure_ms)
        ):
            return flight
        return msgspec.structs.replace(
            flight,
            arrival_ms=flight.arrival_ms + QUEUE_MINUTES * MINUTE_MS,
            arrival_delay=flight.arrival_delay + QUEUE_MINUTES,
        )


def _broken(name: str, value: FeatureValue) -> FeatureValue:
    if name not in DELAYS or not isinstance(value, int | float):
        return value
    return value * SECONDS_PER_MINUTE


def bad_version(model: Model) -> Model:
    """Version 2 of a binary ``model``, which gives the probability of the other class.

    Other models stay as they are.
    """
    if not isinstance(model, BinaryModel):
        return model
    return msgspec.structs.replace(
        model, version="2", code_version="2.0.0", linear=model.linear.negated()
    )
