"""What the demo says in words about one model."""

from collections.abc import Iterator

from tidegauge.demo.gauges import ModelFigures, VersionFigures
from tidegauge.demo.quality import QUALITY
from tidegauge.demo.tasks import ModelName
from tidegauge.wire.plain import plain
from tidegauge.wire.public import rfc3339


def version_lines(name: ModelName, model: ModelFigures, window: str) -> Iterator[str]:
    """How good each version of model ``name`` was in the last ``window``."""
    for version, figures in sorted(model.versions.items()):
        yield f"{plain(version)}, last {window}: {_quality(name, figures)}"


def read_line(model: ModelFigures) -> str:
    """How much was read, and the detector that is nearest to an alert."""
    read = f"{model.predictions.read:,} predictions, {model.feedback.read:,} labels read"
    return f"{read}; {_detectors(model)}"


def ledger_lines(model: ModelFigures) -> Iterator[str]:
    """What became of everything that was read."""
    for title, ledger in (("Predictions", model.predictions), ("Feedback", model.feedback)):
        states = ", ".join(f"{n:,} {state}" for state, n in ledger.states.items() if n)
        balance = "" if ledger.balanced else "; THE LEDGER DOES NOT BALANCE"
        yield f"{title:<12} {ledger.read:,} read: {states}{balance}"


def flight_time(time_ms: int | None) -> str:
    """A moment to the minute, or that there is none yet."""
    return "not begun" if time_ms is None else f"{minute(time_ms)} UTC"


def minute(time_ms: int) -> str:
    """A moment to the minute."""
    return rfc3339(time_ms)[:16].replace("T", " ")


def _quality(name: ModelName, figures: VersionFigures) -> str:
    shown = [
        f"{figure.title} {_formatted(figures.quality.get(figure.gauge), figure.form)}"
        for figure in QUALITY[name]
    ]
    coverage = _formatted(figures.label_coverage, ".1%")
    return ", ".join(
        [*shown, f"{figures.predictions or 0:,.0f} predictions", f"{coverage} labelled"]
    )


def _formatted(figure: float | None, form: str) -> str:
    return "unknown" if figure is None else format(figure, form)


def _detectors(model: ModelFigures) -> str:
    watching = {k: d for k, d in model.detectors.items() if d.statistic is not None}
    if not watching:
        return "learning what is usual"
    stream, nearest = max(watching.items(), key=lambda item: item[1].severity)
    return (
        f"largest change: {plain(stream)} {nearest.statistic:+.2f}, "
        f"worth an alert from {nearest.threshold:g}"
    )
