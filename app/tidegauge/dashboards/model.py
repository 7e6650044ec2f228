"""The model dashboard: one model, its versions and segments."""

from tidegauge.dashboards import model_inputs, model_quality, variables
from tidegauge.dashboards.board import MODEL, Board, Section


def model() -> Board:
    """The dashboard of one model."""
    return Board(
        uid=MODEL,
        title="Tidegauge / Model",
        description="One model: quality over time by window, version and segment, scores and "
        "calibration, labels, latency, feature drift, alerts.",
        variables=(
            variables.datasource(),
            variables.model(),
            variables.version(),
            variables.segment_field(),
            variables.segment_value(),
            variables.window(),
        ),
        sections=(
            Section("Now", model_quality.now()),
            Section("Quality", (*model_quality.quality(), *model_quality.ranking())),
            Section("Scores and calibration", model_quality.scores()),
            Section("Traffic, labels and latency", model_inputs.traffic()),
            Section("Feature drift", model_inputs.features()),
            Section("Segments", model_inputs.segments()),
            Section("Where the events went", model_inputs.ledgers()),
        ),
        alerts=(
            'max by (alertname, feature) (tidegauge_alert_firing{model="$model"})',
            "{{alertname}} {{feature}}",
        ),
    )
