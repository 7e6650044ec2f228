"""Data quality: what is wrong with what publishers send."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards import variables
from tidegauge.dashboards.board import DATA_QUALITY, DRIFT, Board, Section, opens
from tidegauge.dashboards.marks import marks
from tidegauge.dashboards.panels import (
    COVERAGE,
    GREEN,
    NONE_IS_GOOD,
    ORANGE,
    UNLEARNED,
    YELLOW,
    Query,
    Step,
    bars,
    lines,
    value,
)
from tidegauge.dashboards.pipeline import or_none, refused_lately
from tidegauge.dashboards.tables import Column, Key, rows

_MODELS: Final = 'model=~"$model"'
_WINDOW: Final = f'{_MODELS}, segment_field="", window="$window"'
_SHARE: Final[tuple[Step, ...]] = ((None, GREEN), (0.01, YELLOW), (0.05, ORANGE))
_SOME: Final[tuple[Step, ...]] = ((None, GREEN), (1, YELLOW), (3, ORANGE))
_MUCH: Final = 0.01
_BY_FEATURE: Final = "model, version, feature"
_LEGEND: Final = "{{model}} {{version}} {{feature}}"
_REFUSED_STATES: Final = "late|conflict|invalid|forwarded|evicted|orphan_expired|lost"
_FEATURE_LINK: Final = (
    "What has moved, and why",
    opens(
        DRIFT,
        "var-model=${__data.fields.Model}",
        "var-version=${__data.fields.Version}",
        "var-feature=${__value.raw}",
    ),
)


def _of(figure: str, at: str = "") -> str:
    return f"max by ({_BY_FEATURE}) (tidegauge_feature_{figure}_ratio{{{_WINDOW}}}{at})"


def _most(figure: str) -> Query:
    """The features with the most of it at the end of the range of time, over it."""
    return Query(f"{_of(figure)} and topk(6, {_of(figure, ' @ end()')})", _LEGEND)


def _many(figure: str) -> str:
    return f"count({_of(figure)} >= {_MUCH}) or vector(0)"


def _tiles() -> Sequence[Builder[models.Panel]]:
    return (
        value(
            "Records refused, last hour",
            "Records of the last hour that could not be read or used, of all publishers. Not zero: "
            "the table below has topic and reason, and `tidegauge dead-letters` each record with "
            "its remedy.",
            refused_lately(),
            unit="short",
            steps=NONE_IS_GOOD,
            decimals=0,
        ),
        value(
            "Features often missing",
            "Features that at least 1 % of predictions in the window do not carry. Some may be "
            "optional: it is the change that counts, see the graph below.",
            _many("missing"),
            unit="short",
            steps=_SOME,
            decimals=0,
        ),
        value(
            "Features out of range",
            "Features of which at least 1 % of the numbers are outside of all that the reference "
            "profile has seen. Usually a changed unit, or a default in the place of a value.",
            _many("out_of_range"),
            unit="short",
            steps=_SOME,
            decimals=0,
        ),
        value(
            "Features with unseen text",
            "Features of which at least 1 % of the values are of no category that the reference "
            "profile has. Usually a renamed code, or another language or case.",
            _many("unseen"),
            unit="short",
            steps=_SOME,
            decimals=0,
        ),
        value(
            "Predictions with a label",
            "Share of the window's predictions that have a label. Near zero: labels stopped, carry "
            "other request ids, or take longer than the window.",
            f"sum(max by (model, version) (tidegauge_window_labelled_predictions{{{_WINDOW}}}))"
            f" / sum(max by (model, version) (tidegauge_window_predictions{{{_WINDOW}}}))",
            unit="percentunit",
            steps=COVERAGE,
            decimals=1,
        ),
        value(
            "Labels without a prediction",
            "Share of all feedback read that never met its prediction, or still waits. It grows: "
            "request ids differ between the two publishers, or predictions come late.",
            f'sum(max by (model, state) (tidegauge_feedback{{{_MODELS}, state=~"orphan.*"}}))'
            f" / sum(max by (model, state) (tidegauge_feedback{{{_MODELS}}}))",
            unit="percentunit",
            steps=_SHARE,
            decimals=1,
        ),
    )


def _features() -> Sequence[Builder[models.Panel]]:
    worst = " or ".join(
        f'label_replace({_of(what)}, "what", "{what}", "", "")'
        for what in ("missing", "unseen", "out_of_range")
    )
    return (
        rows(
            "Features by their worst share",
            "One line for each feature of all traffic in the window; worst is the largest of the "
            "three shares beside it. Missing: absent or null. Unseen: a category that the "
            "reference does not have. Out of range: a number outside of the reference's. What to "
            "do: compare with when it began (below), with deployments, and ask the owner of the "
            "source. A click on a feature opens its values.",
            [
                Key("feature", "Feature", link=_FEATURE_LINK, width=240),
                Key("model", "Model", width=130),
                Key("version", "Version", width=75),
            ],
            [
                Column(
                    "Worst",
                    f"max by ({_BY_FEATURE}) ({worst})",
                    "percentunit",
                    1,
                    _SHARE,
                    bar=1,
                    width=150,
                ),
                Column("Missing", _of("missing"), "percentunit", 1, width=85),
                Column("Unseen", _of("unseen"), "percentunit", 1, width=85),
                Column("Out of range", _of("out_of_range"), "percentunit", 1, width=105),
                Column(
                    "Values",
                    f"max by ({_BY_FEATURE}) (tidegauge_feature_values{{{_WINDOW}}})",
                    "short",
                    width=85,
                ),
            ],
            order="Worst",
            width=24,
            height=10,
        ),
        lines(
            "Missing values",
            "Share of predictions without the feature, of the six with the most. A step: a "
            "publisher or a source of features has stopped sending it.",
            [_most("missing")],
            unit="percentunit",
            low=0,
        ),
        lines(
            "Numbers out of range",
            "Share of numbers outside of the reference's range, of the six features with the most. "
            "A step to nearly all: the unit changed. A few per cent: outliers, or a reference made "
            "from too few predictions.",
            [_most("out_of_range")],
            unit="percentunit",
            low=0,
            empty=UNLEARNED,
        ),
        lines(
            "Unseen categories",
            "Share of values in no category of the reference, of the six features with the most. A "
            "step: codes were renamed. A slow climb: new customers, products, places.",
            [_most("unseen")],
            unit="percentunit",
            low=0,
            empty=UNLEARNED,
        ),
    )


def _records() -> Sequence[Builder[models.Panel]]:
    by_state = (
        f'max by (model, state) (tidegauge_predictions{{{_MODELS}, state=~"{_REFUSED_STATES}"}})'
        f' or max by (model, state) (tidegauge_feedback{{{_MODELS}, state=~"orphan_expired"}})'
    )
    return (
        rows(
            "Refused records by reason",
            "Records refused since the workers started, by topic and reason; all publishers, since "
            "a record that cannot be read names no model. `tidegauge dead-letters` shows each, and "
            "what its publisher has to change.",
            [
                Key("reason", "Reason"),
                Key("topic", "Topic"),
            ],
            [
                Column(
                    "Records",
                    "sum by (topic, reason) (tidegauge_dead_letters_total)",
                    "short",
                    0,
                    width=90,
                )
            ],
            order="Records",
            empty="No record was refused.",
            width=8,
        ),
        lines(
            "Refused records over time",
            "Records that could not be used since the workers started, by reason. A step when a "
            "publisher was deployed is its; a steady climb is one publisher that never was right.",
            [
                Query(
                    or_none("sum by (topic, reason) (tidegauge_dead_letters_total)", "reason"),
                    "{{topic}} {{reason}}",
                )
            ],
            unit="short",
            low=0,
        ),
        bars(
            "Read, but of no use",
            "Events ever read that were no plain first answer or label, by model and what became "
            "of them; those without any are left out. Late: after the horizon. Conflict: one "
            "request, two answers. Forwarded: the publisher uses another partitioner, which costs "
            "a detour. Orphan expired: its prediction never came.",
            [
                Query(
                    or_none(f"sort_desc(({by_state}) > 0)", "state"),
                    "{{model}} {{state}}",
                )
            ],
            unit="short",
        ),
        lines(
            "Label coverage",
            "Share of the window's predictions that have a label. A fall to zero: labels have "
            "stopped, and quality is blind; look at the publisher of feedback.",
            [
                Query(
                    f"max by (model, version) (tidegauge_label_coverage_ratio{{{_WINDOW}}})",
                    "{{model}} {{version}}",
                )
            ],
            unit="percentunit",
            low=0,
            high=1,
        ),
        lines(
            "Predictions read by model",
            "Predictions per second of clock time, by the model that they name; `__unknown__` name "
            "none. A model that you do not know: a publisher makes up names, see the limits.",
            [
                Query(
                    "max by (model) (rate(tidegauge_predictions_read_total"
                    f"{{{_MODELS}}}[$__rate_interval]))",
                    "{{model}}",
                )
            ],
            unit="cps",
            low=0,
        ),
        lines(
            "Feedback read by model",
            "Feedback per second of clock time, by the model whose predictions it labels. "
            "Predictions without feedback for longer than labels take: that publisher has stopped.",
            [
                Query(
                    "max by (model) (rate(tidegauge_feedback_read_total"
                    f"{{{_MODELS}}}[$__rate_interval]))",
                    "{{model}}",
                )
            ],
            unit="cps",
            low=0,
        ),
    )


def data_quality() -> Board:
    """The dashboard of data quality."""
    return Board(
        uid=DATA_QUALITY,
        title="Tidegauge / Data quality",
        description="What is wrong with what publishers send: missing, unseen and out of range "
        "values, records that were refused, labels that do not come.",
        variables=(variables.datasource(), variables.all_models(), variables.window()),
        sections=(
            Section("Now", _tiles()),
            Section("Features", _features()),
            Section("Records and labels", _records()),
        ),
        marks=marks(_MODELS),
    )
