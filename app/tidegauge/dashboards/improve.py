"""Improve: what would make one model do better, and by how much; one dashboard for each kind."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.core.config import ModelKind
from tidegauge.dashboards import binary, classes, multiclass, regression, variables
from tidegauge.dashboards.board import IMPROVE, Board, Section
from tidegauge.dashboards.charts import curves
from tidegauge.dashboards.marks import marks
from tidegauge.dashboards.panels import GREEN, NEUTRAL, PART, Query, Step, lines, value
from tidegauge.dashboards.tables import Column, Key, rows
from tidegauge.dashboards.variables import VERSIONS
from tidegauge.dashboards.versions import (
    PAIRED_CLASSES,
    PAIRED_NUMBERS,
    paired_table,
    versions_table,
)

_SURE: Final[tuple[Step, ...]] = ((None, NEUTRAL), (1e-9, GREEN))
"""A gain is sure where its lower end is above zero."""
_LONGEST: Final = " Over the longest window that ends now."


def _of(figure: str, by: str = "version") -> str:
    return f"max by ({by}) (tidegauge_{figure}{{{VERSIONS}}})"


def _threshold_tiles() -> Sequence[Builder[models.Panel]]:
    return (
        value(
            "Threshold in use",
            "The threshold that repeats most of the model's own decisions. The best one beside it: "
            "leave it." + _LONGEST,
            f"max({_of('threshold_in_use')})",
            unit="none",
            decimals=2,
        ),
        value(
            "Threshold of least cost",
            "By the costs that are set (both mistakes cost 1 unless set otherwise): `costs` in the "
            "settings. Worth a change only where the gain beside it is sure.",
            f"max({_of('threshold_best')})",
            unit="none",
            decimals=2,
        ),
        value(
            "Cost saved, at least",
            "Lower end of the 95 % interval of what the best threshold takes off the mean cost of "
            "a prediction. Green, above zero: change it. Else it may be chance.",
            f"max({_of('threshold_gain_low')})",
            unit="none",
            steps=_SURE,
            decimals=4,
        ),
        value(
            "Log loss saved, at least",
            "Lower end of the 95 % interval of what recalibrating the scores takes off the log "
            "loss. Green: where scores are read as probabilities, map them as in the graph below.",
            f"max({_of('recalibration_log_loss_gain_low')})",
            unit="none",
            steps=_SURE,
            decimals=4,
        ),
    )


def _segment_tiles(*, width: int = 4) -> Sequence[Builder[models.Panel]]:
    return (
        value(
            "Segments worth fixing",
            "Segments that are surely worse than their version: the 95 % interval of what fixing "
            "them gains is above zero." + _LONGEST,
            "count(max by (version, segment_field, segment_value) "
            f"(tidegauge_segment_gain_low{{{VERSIONS}}}) > 0) or vector(0)",
            unit="short",
            decimals=0,
            width=width,
        ),
        value(
            "Errors in the worst segment",
            "Share of all errors that bringing the worst segment to the average would take away.",
            f"max({_of('segment_gain_ratio', 'version, segment_field, segment_value')})",
            unit="percentunit",
            decimals=1,
            width=width,
        ),
    )


def _curves() -> Sequence[Builder[models.Panel]]:
    return (
        curves(
            "Cost by threshold",
            "Mean cost of a prediction if every score from a threshold on were positive, by "
            "version. The lowest point is the threshold of least cost; flat around the one in use: "
            "leave it." + _LONGEST,
            _of("threshold_cost", "threshold, version"),
            x="threshold",
            name="version",
            unit="none",
            low=0,
            width=8,
        ),
        binary.calibration(width=8),
        curves(
            "What scores should be mapped to",
            "The calibration map: how often a score came true, as stairs that never fall. Where "
            "the recalibration gain is sure, replace a score by the height of its stair; no "
            "ranking changes." + _LONGEST,
            _of("recalibration_ratio", "score, version"),
            x="score",
            name="version",
            unit="percentunit",
            stairs=True,
            low=0,
            high=1,
            width=8,
        ),
    )


def _gains() -> Builder[models.Panel]:
    changes = (
        ("Threshold of least cost", "threshold_gain"),
        ("Recalibrated scores (Brier)", "recalibration_brier_gain"),
        ("Recalibrated scores (log loss)", "recalibration_log_loss_gain"),
    )
    columns = []
    for title, end in (("Gain", ""), ("At least", "_low"), ("At most", "_high")):
        expr = " or ".join(
            f'label_replace({_of(name + end)}, "change", "{what}", "", "")'
            for what, name in changes
        )
        steps = _SURE if end == "_low" else ()
        columns.append(Column(title, expr, "none", 4, steps, width=100))
    return rows(
        "What a change would gain",
        "Each change with what it takes off its measure (mean cost, Brier score, log loss; not to "
        "be added up) and the ends of the 95 % interval. At least above zero, green: make it. It "
        "is judged on other predictions than it was chosen on." + _LONGEST,
        [Key("change", "Change"), Key("version", "Version", width=75)],
        columns,
        order="At least",
        empty="Not known before 200 predictions have labels.",
        width=12,
        height=8,
    )


def _segments(unit: str, *, width: int) -> Builder[models.Panel]:
    by = "version, segment_field, segment_value"
    return rows(
        "Segments ranked by what fixing them gains",
        "What bringing a segment to the average of its version would take away, in errors (of "
        "numbers: in absolute error) and as a share of all of them, after what chance is likely to "
        "have added. At least above zero, green: worth more data, features of its own, or a "
        "rule." + _LONGEST,
        [
            Key("segment_field", "Segments by", width=110),
            Key("segment_value", "Segment"),
            Key("version", "Version", width=75),
        ],
        [
            Column(
                "Of all errors",
                _of("segment_gain_ratio", by),
                "percentunit",
                1,
                PART,
                bar=0.5,
                width=150,
            ),
            Column("Gain", _of("segment_gain", by), unit, 0, width=85),
            Column("At least", _of("segment_gain_low", by), unit, 0, _SURE, width=85),
            Column("At most", _of("segment_gain_high", by), unit, 0, width=85),
        ],
        order="Of all errors",
        empty="No segment is surely worse than its version.",
        width=width,
        height=8,
    )


def _over_time() -> Sequence[Builder[models.Panel]]:
    return (
        lines(
            "Threshold in use and of least cost",
            "Both over time. The best one wanders: costs are flat there, or labels are few. It "
            "left the one in use and stays away: change it.",
            [
                Query(_of("threshold_in_use"), "in use {{version}}", dashed=True),
                Query(_of("threshold_best"), "least cost {{version}}"),
            ],
            unit="none",
            low=0,
            high=1,
            width=12,
        ),
        lines(
            "Mean cost of a prediction",
            "As the model decides, by version, under the costs that are set. It falls after a "
            "change of the threshold as much as the gain said, or the change was of no use.",
            [Query(_of("cost_per_prediction"), "{{version}}")],
            unit="none",
            low=0,
            width=12,
        ),
    )


def improve_boards() -> tuple[Board, ...]:
    """The dashboards of what would make one model do better."""
    return (
        _board(
            ModelKind.BINARY,
            (
                Section("Now", (*_threshold_tiles(), *_segment_tiles())),
                Section("Threshold and calibration", _curves()),
                Section("What to change first", (_gains(), _segments("short", width=12))),
                Section(
                    "Versions compared",
                    (
                        versions_table(binary.FIGURES, width=24),
                        paired_table(PAIRED_CLASSES, width=24),
                    ),
                ),
                Section("Over time", _over_time()),
            ),
        ),
        _board(
            ModelKind.MULTICLASS,
            (
                Section("Now", (*classes.tiles(width=6), *_segment_tiles(width=6))),
                Section(
                    "What to change first",
                    (_segments("short", width=12), multiclass.worst_classes(width=12, height=8)),
                ),
                Section(
                    "Versions compared",
                    (
                        versions_table(multiclass.FIGURES, width=24),
                        paired_table(PAIRED_CLASSES, width=24),
                    ),
                ),
                Section("Confidence", multiclass.confidence()),
            ),
        ),
        _board(
            ModelKind.REGRESSION,
            (
                Section("Now", (*regression.tiles(width=6), *_segment_tiles(width=6))),
                Section("What to change first", (_segments("short", width=24),)),
                Section(
                    "Versions compared",
                    (
                        versions_table(regression.FIGURES, width=24),
                        paired_table(PAIRED_NUMBERS, width=24),
                    ),
                ),
                Section("Kinds of error", (regression.bias(width=12), regression.sizes(width=12))),
            ),
        ),
    )


def _board(kind: ModelKind, sections: Sequence[Section]) -> Board:
    return Board(
        uid=f"{IMPROVE}-{kind}",
        title=f"Tidegauge / Improve {kind} model",
        description=f"What would make one {kind} model do better, what it brings, and how sure "
        "that is.",
        variables=(
            variables.datasource(),
            variables.model(kind),
            variables.version(),
            variables.hidden(variables.segment_field()),
            variables.hidden(variables.segment_value()),
            variables.window(),
            variables.hidden(variables.feature()),
        ),
        sections=sections,
        marks=marks('model="$model"', name_model=False),
        kind=kind,
    )
