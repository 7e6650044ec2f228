"""The first screen: one row for each model, the ones in trouble first."""

from typing import NamedTuple

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.records import MetricRecord
from tidegauge.live import trouble, words
from tidegauge.live.board import Board, ModelBoard, Scope
from tidegauge.live.compare import Baseline, Comparison, compare, trouble_since
from tidegauge.live.drift import psi_cell
from tidegauge.live.figures import figures_of
from tidegauge.live.listing import Cell, Column, Listing, Row, text_cell

_TREND = 12

COLUMNS = (
    Column("state"),
    Column("model", limit=28),
    Column("since", rank=2),
    Column("quality", right=True),
    Column("change", right=True),
    Column("labels", right=True, rank=3, descending=True),
    Column("drift", right=True, rank=1, descending=True),
    Column("most drifted", rank=5, limit=24),
    Column("traffic", right=True, rank=4, descending=True),
    Column("version", rank=8, limit=14),
    Column("trend", rank=7),
    Column("p99", right=True, rank=9, descending=True),
    Column("event time", rank=10),
    Column("read", right=True, rank=6, descending=True),
)


class ModelView(NamedTuple):
    """One model as the first screen shows it.

    Attributes:
        board: All that is known.
        scope: Its version with the most traffic.
        comparison: The windows of that version.
        firing: Its firing alerts, by weight.
    """

    board: ModelBoard
    scope: Scope
    comparison: Comparison
    firing: list[AlertRecord]


def model_view(board: Board, name: str, size_ms: int) -> ModelView | None:
    """What to show of a model; None if nothing is known of it."""
    firing = trouble.by_weight(board.firing(name))
    model = board.models.get(name) or (ModelBoard(name) if firing else None)
    if model is None:
        return None
    scope = main_version(model, size_ms)
    comparison = compare(model.windows(scope, size_ms), trouble_since(firing))
    return ModelView(model, scope, comparison, firing)


def main_version(model: ModelBoard, size_ms: int) -> Scope:
    """The version with the most predictions in the newest window; of equal ones the first."""
    newest: list[tuple[int, int, Scope]] = []
    for scope in model.versions():
        window = compare(model.windows(scope, size_ms), None).newest
        if window is not None:
            newest.append((window.end_ms, window.predictions, scope))
    if not newest:
        return (model.versions() or [Scope("")])[0]
    latest = max(end_ms for end_ms, _, _ in newest)
    # a version that ended one window ago may still be the one that matters
    running = [entry for entry in newest if entry[0] >= latest - size_ms]
    return max(running, key=lambda entry: entry[1])[2]


def models_listing(board: Board, size_ms: int, now_ms: int) -> Listing:
    """The table of the models.

    Args:
        board: All that was read.
        size_ms: The size of the windows to show.
        now_ms: The time of day, to say how long ago a model was heard of.
    """
    return listing_of(model_views(board, size_ms), size_ms, now_ms)


def model_views(board: Board, size_ms: int) -> list[ModelView]:
    """What to show of all models, those in trouble first."""
    found = (model_view(board, name, size_ms) for name in board.names())
    views = [view for view in found if view is not None]
    return sorted(views, key=lambda view: (*_weight(view.firing), view.board.name))


def listing_of(views: list[ModelView], size_ms: int, now_ms: int) -> Listing:
    """The table of models; arguments are those of `models_listing`."""
    rows = tuple(Row(view.board.name, _cells(view, size_ms, now_ms)) for view in views)
    return Listing(COLUMNS, rows, empty="no model has published yet")


def state_cell(firing: list[AlertRecord], baseline: Baseline) -> Cell:
    """How bad it is: the worst severity and how many alerts fire; new: nothing to compare with."""
    severity = trouble.worst(firing)
    if severity is None:
        return Cell("new", 0.5) if baseline is Baseline.NONE else Cell("ok", 0.0, "green")
    weight, count = _weight(firing)
    text = f"{trouble.MARKS[severity]} {-count}"
    return Cell(text, float(-10_000 + 1_000 * weight + count), trouble.STYLES[severity])


def most_drifted(window: MetricRecord | None) -> tuple[str, float | None]:
    """What is farthest from the reference, a feature, the score or the answers; its index."""
    if window is None:
        return words.NONE, None
    drifted = {name: f.psi for name, f in window.features.items() if f.psi is not None}
    for name, psi in (("score", window.score.psi), ("answers", window.prediction.psi)):
        if psi is not None:
            drifted.setdefault(name, psi)
    return max(drifted.items(), key=lambda item: item[1], default=(words.NONE, None))


def quality_cells(comparison: Comparison) -> tuple[Cell, Cell, Cell]:
    """The first figure of quality, its change, and the label coverage."""
    judged = comparison.judged
    figure = figures_of(judged)[0]
    now = figure.read(judged) if judged is not None else None
    change = figure.difference(judged, comparison.usual)
    worse = figure.worse(change)
    coverage = judged.label_coverage if judged is not None else None
    return (
        Cell(
            words.NONE if now is None else f"{figure.title} {figure.told(now)}",
            figure.goodness(now),
        ),
        Cell(
            figure.change(change),
            figure.goodness(change),
            "bold" if worse else "",
        ),
        Cell(words.whole_share(coverage), coverage, "dim" if (coverage or 0) < 0.5 else ""),
    )


def _weight(firing: list[AlertRecord]) -> tuple[int, int]:
    ranks = [trouble.rank(alert) for alert in firing]
    return min(ranks, default=9), -len(firing)


def _cells(view: ModelView, size_ms: int, now_ms: int) -> tuple[Cell, ...]:
    model, scope, comparison, firing = view
    newest = comparison.newest
    since = trouble_since(firing)
    farthest, psi = most_drifted(newest)
    others = len(model.versions()) - 1
    per_second = newest.traffic.per_second if newest is not None else None
    figure = figures_of(comparison.judged)[0]
    trend = [figure.read(w) for w in model.windows(scope, size_ms)[-_TREND:]]
    p99 = newest.latency.p99 if newest is not None else None
    watermark = model.watermark_ms
    silent_ms = now_ms - model.updated_ms if model.updated_ms else None
    return (
        state_cell(firing, comparison.baseline),
        text_cell(model.name, "bold"),
        Cell(words.short_moment(since), since),
        *quality_cells(comparison),
        psi_cell(psi),
        text_cell(farthest),
        Cell(words.rate(per_second), per_second),
        text_cell(scope.version + (f" +{others}" if others > 0 else "")),
        Cell(words.spark(trend)),
        Cell(words.seconds(p99), p99),
        Cell(words.short_moment(watermark), watermark),
        Cell(words.NONE if silent_ms is None else f"{words.ago(silent_ms)} ago", silent_ms),
    )
