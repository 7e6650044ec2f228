"""The tables below a model: its versions, segments, features and windows."""

from collections.abc import Iterable, Sequence

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.records import (
    ClassStats,
    ConfusionCell,
    DeploymentRecord,
    FeatureStats,
    MetricRecord,
    WindowState,
)
from tidegauge.live import words
from tidegauge.live.board import ModelBoard, Scope
from tidegauge.live.compare import Comparison, side_by_side, trouble_since
from tidegauge.live.drift import psi_cell
from tidegauge.live.figures import Figure, figures_of
from tidegauge.live.listing import Cell, Column, Listing, Row, text_cell
from tidegauge.live.models import most_drifted
from tidegauge.live.paired import paired_cells, paired_columns
from tidegauge.live.trouble import deployed, subject

_SEPARATOR = "\x1f"
_STATES = {
    WindowState.OPEN: "open",
    WindowState.PROVISIONAL: "provisional",
    WindowState.FINAL: "final",
}


def scope_key(scope: Scope) -> str:
    """The key of a row about a scope."""
    return _SEPARATOR.join(scope)


def scope_of(key: str) -> Scope:
    """The scope that a row is about."""
    version, field, value = key.split(_SEPARATOR)
    return Scope(version, field, value)


def versions_listing(
    model: ModelBoard, version: str, size_ms: int, firing: list[AlertRecord]
) -> Listing:
    """One row for each version, to see champion and challenger side by side.

    Args:
        model: All that is known of the model.
        version: The one that the others are paired with on shared requests.
        size_ms: The size of the windows to show.
        firing: The model's firing alerts.
    """
    return _scopes(model, model.versions(), size_ms, firing, "version", beside=version)


def segments_listing(
    model: ModelBoard, version: str, size_ms: int, firing: list[AlertRecord]
) -> Listing:
    """One row for each segment of a version, first where the change does most harm."""
    return _scopes(model, model.segments(version), size_ms, firing, "segment")


def _scopes(
    model: ModelBoard,
    scopes: Iterable[Scope],
    size_ms: int,
    firing: list[AlertRecord],
    title: str,
    *,
    beside: str | None = None,
) -> Listing:
    since = trouble_since(firing)
    windows = {scope: model.windows(scope, size_ms) for scope in scopes}
    compared = list(zip(windows, side_by_side(windows.values(), since), strict=True))
    judged = next((c.judged for _, c in compared if c.judged is not None), None)
    figures = figures_of(judged)
    compared.sort(key=lambda item: _harm(item[1], figures[0]), reverse=True)
    if not any(c.judged is not None and c.judged.paired for _, c in compared):
        beside = None
    rows = []
    for scope, comparison in compared:
        now = comparison.judged
        shown = now or comparison.newest
        farthest, psi = most_drifted(shown)
        traffic = shown.predictions if shown is not None else None
        coverage = now.label_coverage if now is not None else None
        start = shown.start_ms if shown is not None else None
        name = scope.version if scope.whole else f"{scope.field}={scope.value}"
        cells = [
            text_cell(name, "bold"),
            Cell(words.count(traffic), traffic),
            Cell(words.whole_share(coverage), coverage),
        ]
        if beside is not None:
            cells += paired_cells(now, beside)
        for figure in figures:
            cells += _figure_cells(figure, now, comparison.usual)
        cells += [psi_cell(psi), text_cell(farthest), Cell(words.short_moment(start), start)]
        rows.append(Row(scope_key(scope), tuple(cells)))
    columns = [
        Column(title, limit=30),
        Column("predictions", right=True, rank=1, descending=True),
        Column("labels", right=True, rank=2, descending=True),
    ]
    if beside is not None:
        columns += paired_columns(beside)
    for number, figure in enumerate(figures):
        columns.append(Column(figure.title, right=True, rank=4 * number))
        columns.append(Column(f"Δ {figure.title}", right=True, rank=4 * number + 1))
    columns.append(Column("drift", right=True, rank=3, descending=True))
    columns.append(Column("most drifted", rank=6, limit=24))
    columns.append(Column("window from", rank=5))
    return Listing(tuple(columns), tuple(rows), empty=f"no {title} has figures of this window yet")


def _harm(comparison: Comparison, figure: Figure) -> float:
    """How much worse it became, times how often: a few cases may err by chance."""
    judged = comparison.judged
    change = figure.difference(judged, comparison.usual)
    if judged is None or change is None:
        return 0.0
    return -(figure.goodness(change) or 0.0) * judged.labelled


def _figure_cells(
    figure: Figure, now: MetricRecord | None, usual: Sequence[MetricRecord]
) -> tuple[Cell, Cell]:
    value = figure.read(now) if now is not None else None
    change = figure.difference(now, usual)
    return (
        Cell(figure.told(value), figure.goodness(value)),
        Cell(
            figure.change(change),
            figure.goodness(change),
            "bold" if figure.worse(change) else "",
        ),
    )


_FEATURE_COLUMNS = (
    Column("feature", limit=32),
    Column("drift", right=True, descending=True),
    Column("JS", right=True, rank=3, descending=True),
    Column("missing", right=True, descending=True),
    Column("unseen", right=True, rank=2, descending=True),
    Column("out of range", right=True, rank=1, descending=True),
    Column("mean", right=True, rank=1, descending=True),
    Column("deviation", right=True, rank=4, descending=True),
    Column("values", right=True, rank=5, descending=True),
)


def features_listing(window: MetricRecord | None) -> Listing:
    """One row for each feature, the most drifted first."""
    features = window.features if window is not None else {}
    ordered = sorted(features.items(), key=lambda item: (-(item[1].psi or -1.0), item[0]))
    rows = tuple(Row(name, _feature_cells(name, feature)) for name, feature in ordered)
    return Listing(_FEATURE_COLUMNS, rows, empty="no feature has figures of this window yet")


def _feature_cells(name: str, f: FeatureStats) -> tuple[Cell, ...]:
    total = f.count + f.missing
    missing = f.missing / total if total else None
    return (
        text_cell(name, "bold"),
        psi_cell(f.psi),
        Cell(words.decimals(f.js), f.js),
        Cell(words.whole_share(missing), missing),
        Cell(words.whole_share(f.unseen_share), f.unseen_share),
        Cell(words.whole_share(f.out_of_range_share), f.out_of_range_share),
        Cell(words.number(f.mean), f.mean),
        Cell(words.number(f.deviation), f.deviation),
        Cell(words.count(f.count), f.count),
    )


_ATTRIBUTION_COLUMNS = (
    Column("feature", limit=32),
    Column("share", right=True, descending=True),
    Column("usual", right=True, descending=True),
    Column("right answers", right=True, rank=1, descending=True),
    Column("wrong answers", right=True, rank=1, descending=True),
    Column("mean", right=True, rank=2, descending=True),
)


def attributions_listing(window: MetricRecord | None) -> Listing:
    """One row for each feature that moved answers, the one that moved them most first."""
    known = window.attributions if window is not None else None
    features = {} if known is None else known.features
    ordered = sorted(features.items(), key=lambda item: (-(item[1].share or 0.0), item[0]))
    rows = tuple(
        Row(
            name,
            (
                text_cell(name, "bold"),
                *(
                    Cell(words.whole_share(part), part)
                    for part in (f.share, f.learned_share, f.right_share, f.wrong_share)
                ),
                Cell(words.number(f.mean_absolute), f.mean_absolute),
            ),
        )
        for name, f in ordered
    )
    return Listing(_ATTRIBUTION_COLUMNS, rows, empty="no answer carries attributions")


_CLASS_COLUMNS = (
    Column("class", limit=32),
    Column("labels", right=True, rank=1, descending=True),
    Column("precision", right=True),
    Column("recall", right=True),
    Column("F1", right=True, rank=2),
    Column("mostly taken for", least=18),
    Column("predictions", right=True, rank=3, descending=True),
)


def classes_listing(window: MetricRecord | None) -> Listing:
    """One row for each class of a multiclass model, the most frequent first.

    Args:
        window: The one that quality is of.
    """
    classes = window.classes if window is not None else {}
    confusion = window.confusion if window is not None else ()
    ordered = sorted(classes.items(), key=lambda item: (-item[1].support, item[0]))
    rows = tuple(Row(name, _class_cells(name, c, confusion)) for name, c in ordered)
    return Listing(_CLASS_COLUMNS, rows, empty="no class has figures of this window yet")


def _class_cells(name: str, c: ClassStats, confusion: Iterable[ConfusionCell]) -> tuple[Cell, ...]:
    wrong = [cell for cell in confusion if cell.label == name != cell.predicted]
    most = max(wrong, key=lambda cell: cell.count, default=None)
    taken = f"{most.predicted} ({words.count(most.count)})" if most is not None else ""
    return (
        text_cell(name, "bold"),
        Cell(words.count(c.support), c.support),
        Cell(words.share(c.precision), c.precision),
        Cell(words.share(c.recall), c.recall),
        Cell(words.decimals(c.f1), c.f1),
        text_cell(taken),
        Cell(words.count(c.predictions), c.predictions),
    )


def windows_listing(
    windows: list[MetricRecord], alerts: list[AlertRecord], deployments: list[DeploymentRecord]
) -> Listing:
    """One row for each window, the newest first, with the alerts and deployments that began in it.

    Args:
        windows: Of one scope, in order of time.
        alerts: Of its model.
        deployments: Of its model, in order of time.
    """
    newest = windows[-1] if windows else None
    figures = figures_of(newest)
    columns = [
        Column("window from (UTC)", descending=True),
        Column("state", rank=2),
        Column("predictions", right=True, rank=1, descending=True),
        Column("labels", right=True, descending=True),
        *(Column(f.title, right=True, rank=2 * n) for n, f in enumerate(figures)),
        Column("what began", rank=1, limit=40, least=20),
        Column("drift of answers", right=True, rank=3, descending=True),
        Column("p99", right=True, rank=5, descending=True),
    ]
    rows = tuple(
        Row(str(w.start_ms), _window_cells(w, figures, _began(w, alerts, deployments)))
        for w in reversed(windows)
    )
    return Listing(tuple(columns), rows, empty="no window of this size was read yet")


def _began(
    window: MetricRecord, alerts: list[AlertRecord], deployments: list[DeploymentRecord]
) -> Cell:
    """The alerts and the deployments of one window; red where there are alerts."""
    opened = [subject(a) for a in alerts if window.start_ms <= a.starts_at_ms < window.end_ms]
    new = [deployed(d) for d in deployments if window.start_ms <= d.time_ms < window.end_ms]
    return text_cell(", ".join([*opened, *new]), "bold red" if opened else "bold")


def _window_cells(
    window: MetricRecord, figures: tuple[Figure, ...], began: Cell
) -> tuple[Cell, ...]:
    state = _STATES[window.state]
    coverage = window.label_coverage
    values = [(figure, figure.read(window)) for figure in figures]
    return (
        Cell(words.moment(window.start_ms), window.start_ms),
        Cell(state, state),
        Cell(words.count(window.predictions), window.predictions),
        Cell(words.whole_share(coverage), coverage),
        *(Cell(figure.told(value), value) for figure, value in values),
        began,
        psi_cell(window.score.psi if window.score.psi is not None else window.prediction.psi),
        Cell(words.seconds(window.latency.p99), window.latency.p99),
    )
