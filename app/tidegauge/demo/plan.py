"""What one run of the demo is to do."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from tidegauge.demo.errors import DemoError
from tidegauge.demo.faults import USUAL_FAULT, Fault, FaultKind
from tidegauge.demo.flights import HOUR_MS, check_period, new_york_midnight_ms
from tidegauge.demo.producer import UNPACED
from tidegauge.demo.tasks import ModelName

_UNTIL_SEEN_MS: Final = 11 * HOUR_MS
"""Flight time from a fault's midnight until the morning's flights that meet it have landed."""


def usual_faults(start: date, end: date, models: Collection[ModelName]) -> tuple[Fault, ...]:
    """What goes wrong where nothing is said of it: `USUAL_FAULT`, if it can be seen at all."""
    return () if _unseen(USUAL_FAULT, start, end, models) else (USUAL_FAULT,)


def _unseen(fault: Fault, start: date, end: date, models: Collection[ModelName]) -> str:
    """Why a fault would not be seen; empty where it is."""
    if not start <= fault.start < end:
        return f"the replay goes from {start} up to {end}"
    if fault.kind is FaultKind.BAD_VERSION and ModelName.FLIGHT_DELAY not in models:
        return f"it is one of {ModelName.FLIGHT_DELAY}, which is not among the models chosen"
    return ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The choices of the person who starts the demo.

    Attributes:
        start: First day of the replay.
        end: The day after its last one.
        speed: How many times faster than real time flight time passes; 0: as fast as possible. What
            comes before `paced_from_ms` is always as fast as possible.
        models: Which models answer.
        faults: What goes wrong on the way.
        workers: How many workers share the load.
        folder: Where data and logs are kept.
        beside: Take a folder beside that one while another demo runs in it.
        fresh: Begin anew, also where the data of an earlier run could be gone on with.
        stay: Keep everything running when the replay has ended, until a signal.
        console: Start the console as well.
    """

    start: date
    end: date
    speed: float
    models: tuple[ModelName, ...]
    faults: tuple[Fault, ...]
    workers: int
    folder: Path
    stay: bool
    console: bool = True
    beside: bool = False
    fresh: bool = False

    def __post_init__(self) -> None:
        """Check that there is something to see.

        Raises:
            DemoError: The period has no flights, or a fault lies outside of it or is one of a model
                that does not answer.
        """
        check_period(self.start, self.end)
        for fault in self.faults:
            if reason := _unseen(fault, self.start, self.end, self.models):
                raise DemoError(
                    f"the fault {fault.kind}@{fault.start} would never be seen: {reason}"
                )

    @property
    def paced_from_ms(self) -> int:
        """When there is something to watch, in ms since the epoch: as the first fault shows.

        Without a fault it is the beginning.
        """
        shown = [new_york_midnight_ms(fault.start) + _UNTIL_SEEN_MS for fault in self.faults]
        return min(shown, default=new_york_midnight_ms(self.start))

    @property
    def seconds(self) -> float | None:
        """How long the replay takes from `paced_from_ms` on; None if as long as it needs."""
        if self.speed == UNPACED:
            return None
        return self.seconds_from(self.paced_from_ms)

    def seconds_from(self, time_ms: int) -> float:
        """How long a paced replay takes from a flight time, ms since the epoch, on."""
        return max(0.0, (new_york_midnight_ms(self.end) - time_ms) / 1000 / self.speed)
