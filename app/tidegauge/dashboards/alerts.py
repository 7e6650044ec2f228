"""Alerts: what fires, since when, why, and what became of the others."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards import variables
from tidegauge.dashboards.alerts_table import KEYS, KIND, firing_over_time, since
from tidegauge.dashboards.board import ALERTS, DRIFT_LINK, Board, Section
from tidegauge.dashboards.causes import cause_table
from tidegauge.dashboards.figures import with_kind
from tidegauge.dashboards.marks import marks
from tidegauge.dashboards.panels import (
    BLUE,
    NONE_IS_GOOD,
    ORANGE,
    RED,
    Names,
    Query,
    bars,
    states,
    value,
)
from tidegauge.dashboards.pipeline import or_none
from tidegauge.dashboards.tables import Column, Key, rows

_MODELS: Final = 'model=~"$model"'
_FIRING: Final = f"tidegauge_alert_firing{{{_MODELS}}}"
_LEVELS: Final[Names] = (("1", "info", BLUE), ("2", "warning", ORANGE), ("3", "critical", RED))
_LEVEL: Final = " or ".join(
    f'{level} * tidegauge_alert_firing{{{_MODELS}, severity="{severity}"}}'
    for level, severity, _ in _LEVELS
)
_BY_MODEL: Final = (
    f"count by (model) (max by (model, fingerprint) ({_FIRING}))"
    f" or 0 * max by (model) (tidegauge_model_info{{{_MODELS}}})"
)
_ADVICE: Final[Names] = (
    ("fix_data", "fix the data", ORANGE),
    ("retrain", "retrain", RED),
    ("wait", "wait", BLUE),
    ("harder_cases", "harder cases", BLUE),
)
_ROLES: Final[Names] = (("root", "root", ORANGE), ("symptom", "symptom", "text"))


def _told(event: str) -> str:
    """How many alert records said something in the range of time, by model and alert.

    A counter that began in it has its first ones in its first value, which no increase shows.

    Args:
        event: A regular expression of what they said.
    """
    counter = f'tidegauge_alert_events_total{{{_MODELS}, event=~"{event}"}}'
    grown = f"increase({counter}[$__range]) and {counter} offset $__range"
    return f"sum by (model, alertname) ({grown} or {counter})"


def _count(expr: str) -> str:
    return f"count(max by (fingerprint) ({expr})) or vector(0)"


def _tiles() -> Sequence[Builder[models.Panel]]:
    critical = f'tidegauge_alert_firing{{{_MODELS}, severity="critical"}}'
    oldest = f"min(tidegauge_alert_start_timestamp_seconds{{{_MODELS}}})"
    incidents = f"count(count by (incident) (tidegauge_alert_incident_info{{{_MODELS}}}))"
    return (
        value(
            "Firing",
            "Alerts that fire now. Several often have one cause: see the incidents beside it.",
            _count(_FIRING),
            unit="short",
            steps=NONE_IS_GOOD,
        ),
        value(
            "Critical",
            "Those of severity critical: look at them first. What makes an alert so is in the "
            "docs on alerts.",
            _count(critical),
            unit="short",
            steps=NONE_IS_GOOD,
        ),
        value(
            "Incidents",
            "Alerts that began together, or as symptoms of one root, are one incident. The table "
            "says which alert is taken for the root: begin there.",
            f"{incidents} or vector(0)",
            unit="short",
            steps=NONE_IS_GOOD,
        ),
        value(
            "Models with alerts",
            "Models of which at least one alert fires. All of them at once: look at the pipeline "
            "and at what they share, such as a source of features.",
            f"count(count by (model) ({_FIRING})) or vector(0)",
            unit="short",
            steps=NONE_IS_GOOD,
        ),
        value(
            "Ended in this range of time",
            "Alerts that fired in the range of time above, and do not now: resolved or retracted. "
            "Many: they flap; see the timeline.",
            _count(f"max_over_time({_FIRING}[$__range]) unless {_FIRING}"),
            unit="short",
        ),
        value(
            "Firing for, at most",
            "How long the oldest alert has been firing, in event time up to the newest watermark. "
            "After a day or more the new state may be here to stay: then set a new reference, or "
            "retrain.",
            f"max(tidegauge_watermark_timestamp_seconds{{{_MODELS}}}) - {oldest} or vector(0)",
            unit="s",
            decimals=1,
        ),
    )


def _now() -> Sequence[Builder[models.Panel]]:
    keys = (
        *KEYS,
        Key("detector", "Seen by", width=150),
        Key("role", "Role", names=_ROLES, width=80),
        Key("incident", "Incident", width=150),
        KIND,
    )
    identity = Key("fingerprint", "")
    started = f"{since(_MODELS, (*keys[:-3], identity))} * 1000"
    incident = f"max by (fingerprint, incident, role) (tidegauge_alert_incident_info{{{_MODELS}}})"
    told = f"({with_kind(started)}) * on (fingerprint) group_left (incident, role) {incident}"
    shown = f"max by ({', '.join(key.label for key in keys)}) ({told})"
    return (
        rows(
            "What fires now",
            "One line for each alert, the oldest first; the start is event time. Role: the root of "
            "its incident, or a symptom of it: begin with roots. Seen by: the detectors that "
            "agree. What to do: open the model; `tidegauge alerts` has the evidence. An alert "
            "resolves by itself when the change has faded.",
            keys,
            [Column("Since", shown, "dateTimeAsIso", width=165)],
            order="Since",
            ascending=True,
            empty="No alert fires.",
            height=9,
        ),
        states(
            "Timeline",
            "One bar for each alert while it fired, in the colour of its severity. Bars that begin "
            "together have one cause, more likely than not; one that comes and goes flaps.",
            Query(
                f"max by (model, alertname, feature, class, segment_value) ({_LEVEL})",
                "{{model}} {{alertname}} {{feature}} {{class}} {{segment_value}}",
            ),
            names=_LEVELS,
            empty="No alert fired in this range of time.",
            width=24,
            height=12,
        ),
        _advised(),
        cause_table(
            _MODELS,
            (Key("model", "Model", link=DRIFT_LINK, width=130),),
            width=24,
            height=10,
        ),
    )


def _advised() -> Builder[models.Panel]:
    started = f"tidegauge_alert_start_timestamp_seconds{{{_MODELS}}} * 1000"
    advice = f"max by (fingerprint, advice) (tidegauge_alert_advice_info{{{_MODELS}}})"
    told = f"{started} * on (fingerprint) group_left (advice) {advice}"
    return rows(
        "What to do about more errors",
        "One line for each alert that tells more errors. Fix the data: inputs are broken, and no "
        "new model helps. Retrain: the same inputs have more errors, and it lasts. Harder cases: "
        "the model is as good as ever on what comes more often. Wait: it is not told from chance, "
        "or young. `tidegauge advise` has the grounds.",
        [
            Key("model", "Model", link=DRIFT_LINK, width=150),
            Key("alertname", "Alert", width=190),
            Key("advice", "What to do", names=_ADVICE),
        ],
        [
            Column(
                "Since", f"max by (model, alertname, advice) ({told})", "dateTimeAsIso", width=165
            )
        ],
        order="Since",
        ascending=True,
        empty="No alert tells more errors.",
        width=24,
        height=5,
    )


def _counted() -> Sequence[Builder[models.Panel]]:
    first = f"tidegauge_alert_cause_rank{{{_MODELS}}} == 1"
    by_event = (
        Column(
            title,
            f"{_told(event)} or 0 * {_told('.*')}",
            "short",
            0,
            width=80,
        )
        for title, event in (
            ("Opened", "opened"),
            ("Updated", "updated"),
            ("Resolved", "resolved"),
            ("Retracted", "retracted"),
        )
    )
    return (
        bars(
            "By model",
            "Alerts that fire now, by model. Most of one: open it. Some of all: look at what they "
            "share.",
            [Query(f"sort_desc({_BY_MODEL})", "{{model}}")],
            unit="short",
        ),
        bars(
            "By what is wrong",
            "Alerts that fire now, by name. Features alone: the inputs moved, and quality holds so "
            "far. Errors as well: it costs already.",
            [
                Query(
                    f"sort_desc({or_none(f'count by (alertname) ({_FIRING})', 'alertname')})",
                    "{{alertname}}",
                )
            ],
            unit="short",
        ),
        bars(
            "By likeliest cause",
            "How many of the alerts have this as their first cause. A cause of several is the best "
            "place to begin.",
            [
                Query(
                    f"sort_desc({or_none(f'count by (effect, name) ({first})', 'name')})",
                    "{{name}} {{effect}}",
                )
            ],
            unit="short",
        ),
        firing_over_time(_BY_MODEL),
        rows(
            "What became of alerts",
            "Alert records written in the range of time above, by model and alert. Opened: it "
            "began to fire, or again after a while. Updated: its severity rose, or its cause "
            "changed. "
            "Resolved: the change faded. Retracted: late or corrected labels took its ground away. "
            "Many opened and resolved of one kind: it flaps; see its threshold.",
            [Key("model", "Model", width=140), Key("alertname", "Alert")],
            list(by_event),
            order="Opened",
            empty="No alert was written in this range of time.",
            width=12,
        ),
    )


def alerts() -> Board:
    """The dashboard of alerts."""
    return Board(
        uid=ALERTS,
        title="Tidegauge / Alerts",
        description="What fires, since when and why; what fired before, and what became of it.",
        variables=(
            variables.datasource(),
            variables.all_models(),
            variables.hidden(variables.window()),
        ),
        sections=(
            Section("Now", (*_tiles(), *_now())),
            Section("By model and cause, and over time", _counted()),
        ),
        marks=marks(_MODELS),
    )
