"""What is marked in every graph of a dashboard: alerts, deployments, new references."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery

from tidegauge.dashboards.panels import DATASOURCE


def marks(selector: str = "", *, name_model: bool = True) -> Sequence[AnnotationQuery]:
    """All marks of some models.

    Deployments and references lie at their event time, alerts at the time at which they were seen
    to fire: in a replay of the past the former are outside the range of time.

    Args:
        selector: Labels that choose the models.
        name_model: Whether the marks name their model.
    """
    what, by = _named(name_model=name_model)
    alerts = _marks(
        "Firing alerts",
        "red",
        f"max by ({by}alertname, feature, class) (tidegauge_alert_firing{{{selector}}})",
        f"{what}{{{{alertname}}}} {{{{feature}}}} {{{{class}}}}",
    )
    return (alerts, *deployments(selector, name_model=name_model))


def deployments(selector: str = "", *, name_model: bool = True) -> Sequence[AnnotationQuery]:
    """The marks of what was changed, without those of alerts; arguments as of `marks`."""
    what, by = _named(name_model=name_model)
    return (
        _marks(
            "Deployments",
            "blue",
            f"max by ({by}kind, value)"
            f" (tidegauge_deployment_timestamp_seconds{{{selector}}}) * 1000",
            f"{what}{{{{kind}}}} {{{{value}}}}",
        ).use_value_for_time(True),
        _marks(
            "New references",
            "purple",
            f"max by ({by}version, origin)"
            f" (tidegauge_reference_start_timestamp_seconds{{{selector}}}) * 1000",
            f"{what}{{{{origin}}}} reference of version {{{{version}}}}",
        ).use_value_for_time(True),
    )


def _named(*, name_model: bool) -> tuple[str, str]:
    """How a mark's text begins, and which label that takes."""
    return ("{{model}}: ", "model, ") if name_model else ("", "")


def _marks(name: str, color: str, expr: str, text: str) -> AnnotationQuery:
    return (
        AnnotationQuery()
        .name(name)
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(color)
        .expr(expr)
        .title_format(text)
    )
