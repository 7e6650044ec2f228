"""What one run of the demo is to do."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tidegauge.demo.errors import DemoError
from tidegauge.demo.faults import Fault, FaultKind
from tidegauge.demo.flights import check_period
from tidegauge.demo.producer import UNPACED
from tidegauge.demo.tasks import ModelName


@dataclass(frozen=True, slots=True)
class Plan:
    """The choices of the person who starts the demo.

    Attributes:
        start: First day of the replay.
        end: The day after its last one.
        speed: How many times faster than real time flight time passes; 0: as fast as possible.
        models: Which models answer.
        faults: What goes wrong on the way.
        workers: How many workers share the load.
        folder: Where data and logs are kept; data of an earlier run is deleted.
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

    def __post_init__(self) -> None:
        """Check that there is something to see.

        Raises:
            DemoError: The period has no flights, or a fault lies outside of it or is one of a model
                that does not answer.
        """
        check_period(self.start, self.end)
        for fault in self.faults:
            if not self.start <= fault.start < self.end:
                raise DemoError(
                    f"the fault {fault.kind}@{fault.start} would never be seen: the replay goes "
                    f"from {self.start} up to {self.end}"
                )
            if fault.kind is FaultKind.BAD_VERSION and ModelName.FLIGHT_DELAY not in self.models:
                raise DemoError(
                    f"the fault {fault.kind}@{fault.start} would never be seen: it is one of "
                    f"{ModelName.FLIGHT_DELAY}, which is not among the models chosen"
                )

    @property
    def seconds(self) -> float | None:
        """How long the replay takes; None if as long as it needs."""
        if self.speed == UNPACED:
            return None
        return (self.end - self.start).total_seconds() / self.speed
