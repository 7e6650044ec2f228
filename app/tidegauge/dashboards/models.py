"""The dashboards of one model, its versions and segments: one for each kind of model.

A dashboard of its own for each kind, because a panel that has nothing to show is worse than none.
"""

from collections.abc import Sequence

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.core.config import ModelKind
from tidegauge.dashboards import (
    binary,
    classes,
    multiclass,
    regression,
    segments,
    variables,
)
from tidegauge.dashboards.board import MODEL, Board, Section
from tidegauge.dashboards.labels import ABSOLUTE, ACCURACY, Figure, labels, traffic
from tidegauge.dashboards.marks import marks
from tidegauge.dashboards.now import now
from tidegauge.dashboards.tables import Column
from tidegauge.dashboards.versions import (
    PAIRED_CLASSES,
    PAIRED_NUMBERS,
    deployments_table,
    paired_table,
    versions_table,
)


def model_boards() -> tuple[Board, ...]:
    """The dashboards of one model."""
    return (
        _board(
            ModelKind.BINARY,
            tiles=classes.tiles(),
            figures=binary.FIGURES,
            pairs=PAIRED_CLASSES,
            quality=(*binary.quality(), *binary.ranking()),
            answers=Section("Scores and calibration", binary.scores()),
            parts=segments.BINARY,
            error=ACCURACY,
        ),
        _board(
            ModelKind.MULTICLASS,
            tiles=classes.tiles(),
            figures=multiclass.FIGURES,
            pairs=PAIRED_CLASSES,
            quality=multiclass.quality(),
            answers=Section("Answers and confidence", multiclass.answers()),
            parts=segments.MULTICLASS,
            error=ACCURACY,
        ),
        _board(
            ModelKind.REGRESSION,
            tiles=regression.tiles(),
            figures=regression.FIGURES,
            pairs=PAIRED_NUMBERS,
            quality=regression.quality(),
            answers=Section("Answers", regression.answers()),
            parts=segments.REGRESSION,
            error=ABSOLUTE,
        ),
    )


def _board(
    kind: ModelKind,
    *,
    tiles: Sequence[Builder[models.Panel]],
    figures: Sequence[Column],
    pairs: Sequence[Column],
    quality: Sequence[Builder[models.Panel]],
    answers: Section,
    parts: segments.Parts,
    error: Figure,
) -> Board:
    return Board(
        uid=f"{MODEL}-{kind}",
        title=f"Tidegauge / {kind.capitalize()} model",
        description=f"One {kind} model: versions side by side, quality over time by window, "
        "version and segment, answers, calibration, labels, latency.",
        variables=(
            variables.datasource(),
            variables.model(kind),
            variables.version(),
            variables.segment_field(),
            variables.segment_value(),
            variables.window(),
            variables.hidden(variables.feature()),
        ),
        sections=(
            Section("Now", now(tiles)),
            Section(
                "Versions",
                (
                    versions_table(figures, width=24),
                    paired_table(pairs, width=16),
                    deployments_table(width=8),
                ),
            ),
            Section("Quality", quality),
            answers,
            Section("Segments", segments.segments(parts)),
            Section("Labels, traffic and latency", (*labels(error), *traffic())),
        ),
        marks=marks('model="$model"', name_model=False),
        kind=kind,
    )
