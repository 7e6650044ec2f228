"""Drift and why: what moved in one model, when, and what its errors are made of."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards import causes, variables
from tidegauge.dashboards.alerts_table import OF_MODEL
from tidegauge.dashboards.board import ALERTS, DRIFT, Board, Section, opens
from tidegauge.dashboards.charts import history
from tidegauge.dashboards.figures import by_version, shift
from tidegauge.dashboards.marks import marks
from tidegauge.dashboards.now import what_moved
from tidegauge.dashboards.panels import (
    GREEN,
    NONE_IS_GOOD,
    ORANGE,
    PART,
    PSI,
    SHIFT,
    UNLEARNED,
    YELLOW,
    Query,
    Step,
    bars,
    lines,
    value,
)
from tidegauge.dashboards.spread import ANSWERS, BUSIEST, FEATURE, SCORES, spread
from tidegauge.dashboards.tables import Column, Key, rows
from tidegauge.dashboards.variables import VERSIONS

_FAR: Final = 0.25
_LEAST: Final = 10
_ONE: Final = 'model="$model", feature="$feature"'
_FEW: Final[tuple[Step, ...]] = ((None, GREEN), (1, YELLOW), (3, ORANGE))
_THIS_MODEL: Final = "var-model=${model}"
_THIS_FEATURE: Final = (
    "Show this feature below",
    opens(
        DRIFT,
        _THIS_MODEL,
        "${version:queryparam}",
        "var-feature=${__field.labels.feature}",
    ),
)
_TO_FEATURE: Final = (
    "Show this feature below",
    opens(DRIFT, _THIS_MODEL, "${version:queryparam}", "var-feature=${__value.raw}"),
)


def _feature(figure: str, *by: str) -> str:
    return by_version(f"feature_{figure}", "feature", *by)


def _of_one(figure: str) -> str:
    selector = f'{VERSIONS}, segment_field="", window="$window", feature="$feature"'
    return f"max by (version) (tidegauge_feature_{figure}{{{selector}}})"


def _tiles() -> Sequence[Builder[models.Panel]]:
    answers = f"{by_version('prediction_psi')} or {by_version('score_psi')}"
    return (
        value(
            "Largest change",
            "The largest change of any watched figure of the model, as a part of what is worth an "
            "alert. From 1 on: the bars below say which figure it is, and since when.",
            f"max({shift('model', OF_MODEL)})",
            unit="none",
            steps=SHIFT,
            decimals=1,
        ),
        value(
            "Features far from the reference",
            "Features whose population stability index to the reference profile is over 0.25, "
            "which is large. One or two: those inputs. Nearly all: other traffic, or a reference "
            "that has become old.",
            f"count({_feature('psi')} > {_FAR}) or vector(0)",
            unit="short",
            steps=_FEW,
            decimals=0,
        ),
        value(
            "Highest feature PSI",
            "The index of the feature that is furthest from the reference: below 0.1 is no change, "
            "over 0.25 a large one. A number alone says little; see its bins below.",
            f"max({_feature('psi')})",
            unit="none",
            steps=PSI,
            decimals=2,
        ),
        value(
            "PSI of the answers",
            "How far the answers (of a binary model, its scores) are from the reference. Inputs "
            "moved and this did not: the model does not heed them.",
            f"max({answers})",
            unit="none",
            steps=PSI,
            decimals=2,
        ),
        value(
            "Firing alerts",
            "Alerts of the model that fire now; their causes are below, ranked.",
            f"count(max by (fingerprint) (tidegauge_alert_firing{{{OF_MODEL}}})) or vector(0)",
            unit="short",
            steps=NONE_IS_GOOD,
            link=("Open the alerts", opens(ALERTS, _THIS_MODEL)),
        ),
        value(
            "Predictions in the reference",
            "How many predictions the profile was made from that all of this is compared with. A "
            "few hundred: indices over 0.1 may be chance. Learn for longer, or build one from a "
            "file.",
            'min(tidegauge_reference_predictions{model="$model", version=~"$version"})',
            unit="short",
        ),
    )


def _when() -> Sequence[Builder[models.Panel]]:
    return (
        history(
            "Features by time: distance from the reference",
            "One line for each feature, one cell for each time, coloured by its population "
            "stability index in the chosen window: green below 0.1, yellow to 0.25, orange beyond. "
            "One line turns: that input. All turn together: the traffic. A click opens the feature "
            "below.",
            Query(f"max by (feature) ({_feature('psi')})", "{{feature}}"),
            steps=PSI,
            link=_THIS_FEATURE,
        ),
        what_moved(height=10),
    )


def _features() -> Sequence[Builder[models.Panel]]:
    share: tuple[Step, ...] = ((None, GREEN), (0.01, YELLOW), (0.05, ORANGE))
    learned = f"min by (stream, feature) (tidegauge_detector_learned_ratio{{{OF_MODEL}}})"
    return (
        rows(
            "Features",
            "One line for each feature of all traffic in the window, the one furthest from the "
            "reference first. PSI: population stability index, over 0.25 is large. Missing, unseen "
            "(text) or out of range (numbers): usually broken upstream, see data quality. A new "
            "mean with none of these: the world, or a unit, has changed.",
            [
                Key(
                    "feature",
                    "Feature",
                    width=230,
                    link=_TO_FEATURE,
                ),
                Key("version", "Version", width=75),
            ],
            [
                Column("PSI", _feature("psi"), "none", 2, PSI, bar=0.5, width=220),
                Column("JS distance", _feature("js_distance"), "none", 2, width=95),
                Column("Missing", _feature("missing_ratio"), "percentunit", 1, width=80),
                Column("Unseen", _feature("unseen_ratio"), "percentunit", 1, share, width=80),
                Column(
                    "Out of range",
                    _feature("out_of_range_ratio"),
                    "percentunit",
                    1,
                    share,
                    width=100,
                ),
                Column("Mean", _feature("mean"), "short", width=90),
                Column("Deviation", _feature("deviation"), "short", width=90),
                Column("Values", _feature("values"), "short", width=85),
            ],
            order="PSI",
            width=18,
            height=9,
        ),
        bars(
            "Warming up",
            "How far it is learned what is usual, of the ten figures that lack most: at 100 % a "
            "figure is watched, before that it opens no alert. One that stays behind comes too "
            "rarely; see its values.",
            [Query(f"bottomk({_LEAST}, {learned})", "{{stream}} {{feature}}")],
            unit="percentunit",
            width=6,
            height=9,
        ),
    )


_NO_ATTRIBUTIONS: Final = "No attributions are published for this model."


def _attribution(figure: str, *by: str) -> str:
    by_all = ", ".join(("version", *by))
    selector = f'{VERSIONS}, window="$window"'
    return f"max by ({by_all}) (tidegauge_{figure}{{{selector}}})"


def _attributions() -> Sequence[Builder[models.Panel]]:
    share = _attribution("feature_attribution_share_ratio", "feature")
    return (
        rows(
            "What moves the answers",
            "Where publishers send attributions: the part of all attribution that each feature "
            "has, the largest first. Wrong less right: its mean share in wrong answers less that "
            "in right ones; well above zero, errors lean on this feature: look at its bins. Mean "
            "size is in the unit of the publisher's attributions.",
            [
                Key("feature", "Feature", link=_TO_FEATURE),
                Key("version", "Version", width=75),
            ],
            [
                Column("Share", share, "percentunit", 1, PART, bar=1, width=150),
                Column(
                    "Wrong less right",
                    _attribution("feature_attribution_error_difference", "feature"),
                    "percentunit",
                    1,
                    width=115,
                ),
                Column(
                    "Mean size",
                    _attribution("feature_attribution_mean_absolute", "feature"),
                    "short",
                    width=90,
                ),
            ],
            order="Share",
            empty=_NO_ATTRIBUTIONS,
            width=12,
        ),
        lines(
            "Share of each feature in the attribution",
            "The same over time, of the version with most traffic. One takes over as another "
            "fades: the model now answers by something else, whatever the inputs look like.",
            [Query(f"{share} {BUSIEST}", "{{feature}}")],
            unit="percentunit",
            low=0,
            stacked=True,
            empty=_NO_ATTRIBUTIONS,
            width=6,
        ),
        lines(
            "Attribution moved to other features",
            "The part of the attribution that went to other features since the version's first "
            "period: 0 is none, 100 % all of it. Rising without drift of the inputs: the model "
            "itself was changed.",
            [Query(_attribution("attribution_drift_ratio"), "{{version}}")],
            unit="percentunit",
            low=0,
            empty=_NO_ATTRIBUTIONS,
            width=6,
        ),
    )


def _one() -> Sequence[Builder[models.Panel]]:
    return (
        spread(
            "$feature: now and in the reference",
            "Shares of the feature's values by bin, over the longest window, beside the reference, "
            "whose bins hold about a tenth each. All moved one way: a unit or the world. A new bin "
            "at the edge: out of range. One bin that grew: a default that is sent for missing "
            "values.",
            FEATURE,
        ),
        spread(
            "Answers now and in the reference",
            "Shares of the answers (of a binary model: of its scores) by bin, over the longest "
            "window, beside the reference. It needs no labels: what is here and not there is what "
            "the model now says otherwise.",
            ANSWERS,
            SCORES,
            width=12,
        ),
        lines(
            "$feature: distance from the reference",
            "Population stability index over time in the chosen window; over 0.25 (orange) is "
            "large. When it began is where to look among deployments and upstream changes.",
            [Query(_of_one("psi"), "PSI {{version}}")],
            unit="none",
            low=0,
            steps=PSI,
            width=12,
            height=8,
            empty=UNLEARNED,
        ),
        lines(
            "$feature: mean",
            "Mean in the chosen window, and (dashed) what is usual at such hours, where the "
            "feature is a number. A leap by a round factor: a unit. A slow climb: the world. For "
            "text it is empty but for the share of its values that are missing.",
            [
                Query(_of_one("mean"), "mean {{version}}"),
                Query(
                    f'max(tidegauge_detector_baseline{{{_ONE}, stream="feature"}})',
                    "baseline",
                    dashed=True,
                ),
            ],
            unit="short",
            width=12,
            height=8,
        ),
    )


def drift() -> Board:
    """The dashboard of drift."""
    return Board(
        uid=DRIFT,
        title="Tidegauge / Drift and why",
        description="What has moved in a model, since when, and what the change in its errors is "
        "made of: features, segments, versions.",
        variables=(
            variables.datasource(),
            variables.any_model(),
            variables.kind(),
            variables.version(),
            variables.hidden(variables.segment_field()),
            variables.hidden(variables.segment_value()),
            variables.window(),
            variables.feature(),
        ),
        sections=(
            Section("Now", _tiles()),
            Section("What moved, and when", _when()),
            Section("Why: causes of what fires", causes.causes()),
            Section("All features", _features()),
            Section("What moves the answers", _attributions()),
            Section("The answers, and one feature: $feature", _one()),
        ),
        marks=marks(OF_MODEL, name_model=False),
        kind="${kind}",
    )
