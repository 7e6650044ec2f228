"""How the demo looks: a few lines that renew themselves on a terminal, plain lines elsewhere."""

import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tidegauge.cli.console import output
from tidegauge.cli.demo_figures import (
    flight_time,
    ledger_lines,
    minute,
    read_line,
    version_lines,
)
from tidegauge.core.alertrecords import AlertRecord, AlertStatus
from tidegauge.demo.alerts import AlertLog
from tidegauge.demo.configuration import DEMO_FILE, Configuration
from tidegauge.demo.flights import new_york_midnight_ms
from tidegauge.demo.gauges import Figures
from tidegauge.demo.plan import Plan
from tidegauge.demo.progress import Progress
from tidegauge.demo.run import nearest_to_a_day
from tidegauge.demo.screen import Phase, Places, Status
from tidegauge.demo.tasks import ModelName
from tidegauge.live import trouble, words
from tidegauge.settings.duration import text
from tidegauge.settings.kafka import KafkaSettings
from tidegauge.wire.plain import plain

_LINE_SECONDS: Final = 5.0
"""Without a terminal, the status is printed so often."""
_SHOWN: Final = 3
"""Models in trouble that are told."""
_USUAL_GROUP: Final = KafkaSettings().group
_STYLES: Final = {
    AlertStatus.FIRING: "bold red",
    AlertStatus.RESOLVED: "bold green",
    AlertStatus.RETRACTED: "bold blue",
}


class DemoScreen:
    """Implements `tidegauge.demo.screen.Screen` on standard output."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._window = ""
        self.console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
        self._live: Live | None = None
        self._console_page = ""
        self._from_ms: int | None = None
        self._announced: set[str] = set()
        self._printed_at = 0.0
        self._figures_shown = False

    def working(self, what: str) -> AbstractContextManager[object]:
        """See `Screen.working`."""
        if self.console.is_terminal:
            return self.console.status(what)
        self.console.print(what)
        return nullcontext()

    def note(self, what: str) -> None:
        """See `Screen.note`."""
        self.console.print(what)

    def going_on(self, from_ms: int, stopped_ago_ms: int) -> None:
        """See `Screen.going_on`."""
        self._from_ms = from_ms
        ago = words.ago(stopped_ago_ms)
        self.note(f"going on from {minute(from_ms)} UTC, stopped {ago} ago; --fresh begins anew")

    def places(self, places: Places) -> None:
        """See `Screen.places`."""
        self.plan = places.plan
        self._window = nearest_to_a_day(places.configuration.settings)
        self._console_page = places.console or ""
        for title, place in _places(places):
            self.console.print(Text.assemble((f"{title:<12}", "bold"), f"  {place}"))

    @contextmanager
    def live(self) -> Iterator[None]:
        """See `Screen.live`."""
        if not self.console.is_terminal:
            yield
            return
        with Live(console=self.console, refresh_per_second=4) as self._live:
            yield
        self._live = None

    def status(self, status: Status) -> None:
        """See `Screen.status`."""
        if self._live is not None:
            self._live.update(self._panel(status))
        elif self._line_is_due(status):
            self._printed_at = time.monotonic()
            for line in self._lines(status):
                self.console.print(line)

    def alert(self, event: AlertRecord) -> None:
        """See `Screen.alert`."""
        self.console.print(told(event))
        if event.status is AlertStatus.FIRING and event.model not in self._announced:
            self._announced.add(event.model)
            line = Text.assemble(("IN TROUBLE  ", "bold red"), (in_trouble(event), "bold"))
            if self._console_page:
                line.append(f"  {self._console_page}")
            self.console.print(line)

    def recalled(self, alerts: AlertLog) -> None:
        """See `Screen.recalled`."""
        for event in _worst(alerts):
            self.alert(event)

    def summary(self, status: Status) -> None:
        """See `Screen.summary`."""
        self.console.print()
        for line in _summary(self.plan, status, self._window, self._from_ms):
            self.console.print(line)

    # ---------------------------------------------------------------- the status

    def _line_is_due(self, status: Status) -> bool:
        """Every few seconds, and as soon as there are figures; not while nothing happens."""
        if status.phase is Phase.DONE:
            return False
        if not self._figures_shown and _has_figures(status.figures):
            self._figures_shown = True
            return True
        return time.monotonic() - self._printed_at >= _LINE_SECONDS

    def _lines(self, status: Status) -> Iterator[str]:
        whole = (
            flight_time(status.published.time_ms),
            _published(status.published),
            f"watermark {_watermark(status.figures)}",
            f"{len(status.alerts.firing)} alerts firing",
        )
        yield " · ".join(whole)
        for worst in _worst(status.alerts):
            yield f"    in trouble: {in_trouble(worst)}"
        if status.figures is not None:
            for name in self.plan.models:
                for line in version_lines(name, status.figures.models[name], self._window):
                    yield f"    {name} {line}"

    def _panel(self, status: Status) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        for title, shown in self._rows(status):
            if isinstance(shown, Text):
                # not for the column, which would make the titles narrow as well
                shown.no_wrap, shown.overflow = True, "ellipsis"
            table.add_row(title, shown)
        return Group(Text(), table)

    def _rows(self, status: Status) -> Iterator[tuple[str, RenderableType]]:
        for number, worst in enumerate(_worst(status.alerts)[:_SHOWN]):
            title = "In trouble" if number == 0 else ""
            yield title, Text(in_trouble(worst), style="bold red")
        yield "Flight time", self._clock(status)
        yield "Published", Text(_published(status.published))
        figures = status.figures
        if figures is None or not figures.predictions_read:
            yield "Workers", Text("starting")
            return
        yield "Watermark", Text(_watermark(figures))
        for name in self.plan.models:
            model = figures.models[name]
            lines = [*version_lines(name, model, self._window), read_line(model)]
            for title, line in zip_longest([name.value], lines, fillvalue=""):
                yield title, Text(line)
        yield "Dead letters", Text(str(figures.dead_letters))
        yield "Alerts", _firing(status)

    def _clock(self, status: Status) -> RenderableType:
        days = (self.plan.end - self.plan.start).days
        start_ms = new_york_midnight_ms(self.plan.start)
        now = status.published.time_ms or start_ms
        done = min(days, (now - start_ms) / 86_400_000)
        row = Table.grid(padding=(0, 2))
        row.add_row(
            Text(flight_time(status.published.time_ms)),
            ProgressBar(total=days, completed=done, width=24),
            Text(status.phase, style="dim"),
        )
        return row


class ProgressLines:
    """Says every few seconds how far publishing has come."""

    def __init__(self) -> None:
        self._printed_at = 0.0

    def __call__(self, progress: Progress) -> None:
        """Take what Kafka has acknowledged."""
        if time.monotonic() - self._printed_at >= _LINE_SECONDS:
            self._printed_at = time.monotonic()
            output().print(f"{flight_time(progress.time_ms)} · {_published(progress)}")


def told(event: AlertRecord) -> Text:
    """One alert event in two or three lines: what, since when, why."""
    summary = event.annotations.get("summary", "")
    lines = [
        Text.assemble(
            minute(event.time_ms),
            "  ",
            (f"{event.status.upper():<9}", _STYLES[event.status]),
            " ",
            (plain(_subject(event)), "bold"),
            f"  since {minute(event.starts_at_ms)}",
        ),
        Text(f"    {plain(summary)}"),
    ]
    if event.status is AlertStatus.FIRING:
        # the summary of a drift is its own first cause
        told_of = [cause.summary for cause in event.causes[:3] if cause.summary not in summary]
        lines += [Text(f"    because {plain(cause)}") for cause in told_of]
    return Text("\n").join(lines)


def in_trouble(event: AlertRecord) -> str:
    """Which model is in trouble, since when and why, in one line."""
    since = f"since {minute(event.starts_at_ms)} UTC"
    return plain(f"{event.model} {since}: {trouble.because(event)}")


def _worst(alerts: AlertLog) -> list[AlertRecord]:
    """The heaviest alert of each model in trouble, the heaviest first."""
    worst: dict[str, AlertRecord] = {}
    for event in trouble.by_weight(list(alerts.firing.values())):
        worst.setdefault(event.model, event)
    return list(worst.values())


def _subject(event: AlertRecord) -> str:
    subject = event.labels.get("feature", "")
    return f"{event.model} {event.labels.get('alertname', '')} {subject}".strip()


def _firing(status: Status) -> Text:
    firing = [_subject(event) for event in status.alerts.firing.values()]
    if not firing:
        return Text(f"none firing, {len(status.alerts.events)} events so far")
    return Text(f"{len(firing)} firing: {plain(', '.join(firing))}", style="red")


def _published(published: Progress) -> str:
    return f"{published.predictions:,} predictions, {published.feedback:,} labels"


def _has_figures(figures: Figures | None) -> bool:
    return figures is not None and any(model.versions for model in figures.models.values())


def _watermark(figures: Figures | None) -> str:
    return flight_time(figures.watermark_ms if figures is not None else None)


# ---------------------------------------------------------------- where to look, and how it went


def _places(places: Places) -> Iterator[tuple[str, str]]:
    plan, configuration = places.plan, places.configuration
    program = program_of(configuration)
    yield "Flights", f"{plan.start} up to {plan.end}, {_pace(plan, places.from_ms)}"
    for fault in plan.faults:
        yield "Fault", f"{fault.kind} from {fault.start}"
    yield "Kafka", configuration.settings.kafka.bootstrap
    if places.console is not None:
        yield "Console", places.console
    for url in places.metrics:
        yield "Gauges", url
    yield "Live view", f"{program} top --window 1d"
    yield "Alerts", f"{program} alerts --follow"
    yield "Dead letters", f"{program} dead-letters --follow"
    for log in places.logs:
        yield "Log", str(short(log))
    yield "Settings", str(short(configuration.file))
    yield "Stop", "Ctrl-C"


def _pace(plan: Plan, from_ms: int | None) -> str:
    if plan.seconds is None:
        return "as fast as possible"
    left = plan.seconds if from_ms is None else plan.seconds_from(from_ms)
    minutes, seconds = divmod(round(left), 60)
    pace = f"{text(timedelta(seconds=plan.speed))} in a second for {minutes} min {seconds} s"
    if not plan.faults or from_ms is not None:
        return pace
    return f"as fast as possible up to {minute(plan.paced_from_ms)} UTC, then {pace}"


def program_of(configuration: Configuration) -> str:
    """The command line, up to the command, that reaches the demo's cluster from another shell."""
    kafka = configuration.settings.kafka
    options = ["--bootstrap", kafka.bootstrap]
    if kafka.topic_prefix:
        options += ["--set", f"kafka.topic_prefix={kafka.topic_prefix}"]
    if kafka.group != _USUAL_GROUP:
        options += ["--set", f"kafka.group={kafka.group}"]
    if configuration.file != DEMO_FILE:
        options = ["--config", str(configuration.file), *options]
    return shlex.join([*_program(), *options])


def _program() -> list[str]:
    """What was typed to start this, as short as it can be."""
    started = Path(sys.argv[0]).absolute()
    if started.name != "tidegauge":
        return [str(short(Path(sys.executable))), "-m", "tidegauge"]
    found = shutil.which("tidegauge")
    if found is not None and Path(found).absolute() == started:
        return ["tidegauge"]
    return [str(short(started))]


def short(path: Path) -> Path:
    """A path relative to the working directory if it is in there."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _summary(plan: Plan, status: Status, window: str, from_ms: int | None) -> Iterator[str]:
    minutes, seconds = divmod(round(status.seconds), 60)
    figures = status.figures or Figures()
    start = plan.start if from_ms is None else f"{minute(from_ms)} UTC"
    yield f"Replayed the flights from {start} up to {plan.end} in {minutes} min {seconds} s."
    yield f"Published    {_published(status.published)}"
    for name, model in figures.models.items():
        yield name
        yield from (f"  {line}" for line in ledger_lines(model))
        yield from (f"  {line}" for line in version_lines(ModelName(name), model, window))
    yield f"Dead letters {figures.dead_letters:,}"
    opened = [event for event in status.alerts.events if event.revision == 0]
    yield f"Alerts       {len(opened)} opened, {len(status.alerts.firing)} still firing"
    for event in opened:
        yield f"  {minute(event.time_ms)}  {plain(_subject(event))}"
