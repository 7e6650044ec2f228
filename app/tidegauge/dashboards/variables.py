"""What can be chosen on the dashboards, and the selectors that the choice stands for."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.core.config import ModelKind
from tidegauge.dashboards.panels import DATASOURCE

WHOLE: Final = 'segment_field=""'
"""Selects the figures of all traffic, not those of segments."""
VERSIONS: Final = 'model="$model", version=~"$version"'
CHOSEN: Final = f'{VERSIONS}, segment_field=~"$segment_field", segment_value=~"$segment_value"'
"""Selects what is chosen on the model dashboard, but for the window."""

_INFO: Final = "tidegauge_model_info"
_SERIES: Final = "tidegauge_window_predictions"
_ANY: Final = ".*"
_EMPTY: Final = "^$"


def datasource() -> builders.DatasourceVariable:
    """Which Prometheus is asked."""
    return (
        builders.DatasourceVariable("datasource")
        .label("Data source")
        .description("The Prometheus that scrapes the workers.")
        .type("prometheus")
    )


def window() -> builders.QueryVariable:
    """Which of the workers' windows is shown."""
    return _query(
        "window",
        "Window",
        "Length of the sliding window of event time that the figures are over. Short ones react "
        "sooner; labels must have arrived within it.",
        f"label_values({_SERIES}, window)",
    ).current(models.VariableOption(text="1d", value="1d"))


def model(kind: ModelKind) -> builders.QueryVariable:
    """Which model of a kind is shown."""
    query = f'label_values({_INFO}{{kind="{kind}"}}, model)'
    return _query("model", "Model", f"The models that are {kind}.", query)


def any_model() -> builders.QueryVariable:
    """Which model of any kind is shown."""
    return _query("model", "Model", "The models.", f"label_values({_INFO}, model)")


def all_models() -> builders.QueryVariable:
    """Which models are shown; All: every one."""
    query = f"label_values({_INFO}, model)"
    return _all(_query("model", "Model", "The models.", query), _ANY, multi=True)


def kind() -> builders.QueryVariable:
    """The kind of the model that is chosen: links need it."""
    query = f'label_values({_INFO}{{model="$model"}}, kind)'
    return hidden(_query("kind", "Kind", "The kind of the model.", query))


def feature() -> builders.QueryVariable:
    """Which feature is shown by itself."""
    return _query(
        "feature",
        "Feature",
        "The feature that the last section is about.",
        'label_values(tidegauge_feature_values{model="$model"}, feature)',
    )


def version() -> builders.QueryVariable:
    """Which of its versions are shown."""
    return _all(
        _query(
            "version",
            "Version",
            "Versions of the model, each with series of its own.",
            f'label_values({_SERIES}{{model="$model"}}, version)',
        ),
        _ANY,
        multi=True,
    )


def segment_field() -> builders.QueryVariable:
    """By which field the traffic is cut; All: not at all."""
    return _all(
        _query(
            "segment_field",
            "Segments by",
            "All: the whole traffic. A field: its segments, each with series of its own.",
            f'label_values({_SERIES}{{model="$model"}}, segment_field)',
        ),
        _EMPTY,
        multi=False,
    )


def segment_value() -> builders.QueryVariable:
    """Which segments are shown."""
    return _all(
        _query(
            "segment_value",
            "Segment",
            "Segments of the field that is chosen.",
            f'label_values({_SERIES}{{model="$model", segment_field=~"$segment_field"}}, '
            "segment_value)",
        ),
        _ANY,
        multi=True,
    )


def _query(name: str, label: str, description: str, query: str) -> builders.QueryVariable:
    return (
        builders.QueryVariable(name)
        .label(label)
        .description(description)
        .datasource(DATASOURCE)
        .query(
            {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"}
        )
        .definition(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.NATURAL_ASC)
    )


def _all(variable: builders.QueryVariable, pattern: str, *, multi: bool) -> builders.QueryVariable:
    """With the choice All, at first, which stands for ``pattern``."""
    current = (
        models.VariableOption(selected=True, text=["All"], value=["$__all"])
        if multi
        else models.VariableOption(selected=True, text="All", value="$__all")
    )
    return variable.include_all(True).all_value(pattern).multi(multi).current(current)


def hidden(variable: builders.QueryVariable) -> builders.QueryVariable:
    """Not shown, but kept for the dashboards that links lead to."""
    return variable.hide(models.VariableHide.HIDE_VARIABLE)
