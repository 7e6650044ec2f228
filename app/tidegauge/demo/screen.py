"""What the demo tells the person who watches it; the command line decides how it looks."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from rich.console import Console

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.demo.alerts import AlertLog
from tidegauge.demo.configuration import Configuration
from tidegauge.demo.gauges import Figures
from tidegauge.demo.plan import Plan
from tidegauge.demo.progress import Progress


class Phase(StrEnum):
    """How far the demo has come."""

    REPLAYING = "replaying"
    HOLDING = "waiting for the workers"
    """They do not keep pace with the speed asked for."""
    CATCHING_UP = "catching up"
    """All is published, the workers still read."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look.

    Attributes:
        plan: What will happen.
        configuration: The settings, with the cluster's address.
        metrics: The workers' addresses for Prometheus.
        logs: The log files.
        console: The console's address; None without one.
        from_ms: The flight time from which an earlier run is gone on with, ms since the epoch; None
            for a run that begins anew.
    """

    plan: Plan
    configuration: Configuration
    metrics: Sequence[str]
    logs: Sequence[Path]
    console: str | None = None
    from_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The present.

    Attributes:
        phase: How far it has come.
        published: What Kafka has acknowledged.
        figures: What the gauges show; None before the first look.
        alerts: The alert events so far.
        seconds: Since the replay began.
    """

    phase: Phase
    published: Progress
    figures: Figures | None
    alerts: AlertLog
    seconds: float


class Screen(Protocol):
    """Shows all that; its methods are called from one thread."""

    @property
    def console(self) -> Console:
        """Where the progress of downloads is shown."""

    def working(self, what: str) -> AbstractContextManager[object]:
        """Say what takes time now."""

    def note(self, what: str) -> None:
        """Say something in a line."""

    def going_on(self, from_ms: int, stopped_ago_ms: int) -> None:
        """Say that an earlier run is gone on with, from a flight time in ms since the epoch."""

    def places(self, places: Places) -> None:
        """Say where to look."""

    def live(self) -> AbstractContextManager[object]:
        """Meanwhile the status is shown."""

    def status(self, status: Status) -> None:
        """Show the present."""

    def alert(self, event: AlertRecord) -> None:
        """Show that an alert has opened, changed or ended."""

    def recalled(self, alerts: AlertLog) -> None:
        """Show which alerts of an earlier run still fire."""

    def summary(self, status: Status) -> None:
        """Show how the replay went."""
