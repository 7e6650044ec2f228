"""Why alerts fire: ranked causes, how errors split, and the segments that are worst."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.alerts_table import OF_MODEL
from tidegauge.dashboards.panels import COVERAGE, GREEN, ORANGE, PART, YELLOW, Names, Step
from tidegauge.dashboards.tables import Column, Key, rows
from tidegauge.dashboards.variables import VERSIONS

_EFFECTS: Final[Names] = tuple(
    (value, value.replace("_", " "), color)
    for value, color in (
        ("data_drift", YELLOW),
        ("prediction_drift", YELLOW),
        ("mix_shift", YELLOW),
        ("concept_shift", ORANGE),
        ("missing", ORANGE),
        ("unseen", ORANGE),
        ("out_of_range", ORANGE),
        ("wrong_type", ORANGE),
        ("unit_change", ORANGE),
        ("swapped", ORANGE),
        ("below_target", ORANGE),
        ("new_version", ORANGE),
        ("slower", YELLOW),
        ("silence", ORANGE),
        ("stale", ORANGE),
    )
)
_BY_CAUSE: Final = "alertname, feature, kind, name, value, effect"
_TIMES: Final[tuple[Step, ...]] = ((None, GREEN), (1.2, YELLOW), (1.5, ORANGE))


def _cause(figure: str, selector: str, by: str) -> str:
    return f"max by ({by}) (tidegauge_alert_cause_{figure}{{{selector}}})"


def cause_table(
    selector: str,
    keys: Sequence[Key] = (),
    *,
    width: int,
    height: int,
) -> Builder[models.Panel]:
    """The ranked causes of alerts.

    Args:
        selector: Labels that choose the alerts.
        keys: Further columns, before all others.
        width: In grid columns.
        height: In grid rows.
    """
    by = ", ".join((*(key.label for key in keys), _BY_CAUSE))
    rank = _cause("rank", selector, by)
    return rows(
        "Ranked causes",
        "What each firing alert is put down to, the likeliest (1) first. Part: how much of the "
        "change it accounts for; empty where that is not known, as of a deployment. Before and "
        "now: the figure that changed, of mix shift and drift the share of predictions. Concept "
        "shift: the same inputs have more errors; mix shift: more inputs where errors were "
        "frequent before. What to do: begin with rank 1; `tidegauge alerts` has the same with "
        "examples.",
        [
            *keys,
            Key("alertname", "Alert", width=175),
            Key("feature", "Of", width=200),
            Key("effect", "Effect", names=_EFFECTS, width=115),
            Key("kind", "By", width=85),
            Key("name", "Cause", width=200),
            Key("value", "Bin or value"),
        ],
        [
            Column("Rank", rank, "short", 0, width=55, lead=True),
            Column("Part", _cause("contribution_ratio", selector, by), "percentunit", 0, width=65),
            Column("Before", _cause("before", selector, by), "short", width=95),
            Column("Now", _cause("after", selector, by), "short", width=95),
        ],
        order="Rank",
        ascending=True,
        empty="No alert fires, so there is nothing to explain.",
        width=width,
        height=height,
    )


def causes() -> Sequence[Builder[models.Panel]]:
    """Why alerts of the chosen model fire, and where its errors are."""
    return (
        cause_table(OF_MODEL, width=24, height=9),
        rows(
            "More errors: other inputs, or the same inputs?",
            "How the change in errors splits, for each way of cutting the traffic. Mix: inputs "
            "moved to where errors were frequent before, and the model is as good as ever. "
            "Concept: the same inputs have more errors, so the world or the model changed. The "
            "parts add up to 100 %; one may be below zero where two work against each other.",
            [
                Key("alertname", "Alert", width=155),
                Key("kind", "Cut by", width=70),
                Key("name", "Name"),
            ],
            [
                Column("Mix shift", _split("mix"), "percentunit", 0, PART, bar=1, width=125),
                Column(
                    "Concept shift", _split("concept"), "percentunit", 0, PART, bar=1, width=125
                ),
                Column("Neither", _split("neither"), "percentunit", 0, width=75),
            ],
            order="Concept shift",
            empty="The error of no model is told to have changed.",
            width=12,
            height=9,
        ),
        rows(
            "Worst segments",
            "Segments of the chosen versions in the window. Error: share of wrong answers, or mean "
            "absolute error. Of the whole: as a multiple of that of all traffic; from 1.5 on it is "
            "another model there. Few labels: wait, or choose a longer window.",
            [
                Key("segment_field", "Segments by", width=110),
                Key("segment_value", "Segment"),
                Key("version", "Version", width=75),
            ],
            [
                Column("Error", _ERROR, "short", width=75),
                Column(
                    "Of the whole",
                    f"{_ERROR} / on (version) group_left () {_WHOLE}",
                    "none",
                    2,
                    _TIMES,
                    width=105,
                ),
                Column("Predictions", _of("window_predictions"), "short", width=95),
                Column("Labels", _of("label_coverage_ratio"), "percentunit", 0, COVERAGE, width=65),
            ],
            order="Of the whole",
            empty="No segments are configured, or none has labels.",
            width=12,
            height=9,
        ),
    )


def _split(part: str) -> str:
    selector = f'{OF_MODEL}, part="{part}"'
    return f"max by (alertname, kind, name) (tidegauge_alert_split_ratio{{{selector}}})"


def _of(
    figure: str, segments: str = '!=""', by: str = "version, segment_field, segment_value"
) -> str:
    selector = f'{VERSIONS}, segment_field{segments}, window="$window"'
    return f"max by ({by}) (tidegauge_{figure}{{{selector}}})"


def _error(segments: str, by: str) -> str:
    """Share of wrong answers, or for a model without classes the mean absolute error."""
    accuracy, absolute = (
        _of("accuracy_ratio", segments, by),
        _of("mean_absolute_error", segments, by),
    )
    return f"((1 - {accuracy}) or {absolute})"


_ERROR: Final = _error('!=""', "version, segment_field, segment_value")
_WHOLE: Final = _error('=""', "version")
