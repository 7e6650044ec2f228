"""JSON Schema (draft 2020-12) of each public record, generated from the models."""

import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from tidegauge.contract.alert import Alert, AlertHeaders
from tidegauge.contract.base import Record
from tidegauge.contract.dead_letter import DeadLetter, DeadLetterSummary
from tidegauge.contract.deployment import Deployment
from tidegauge.contract.feedback import Feedback
from tidegauge.contract.ledger import Ledger
from tidegauge.contract.metric import Metric
from tidegauge.contract.prediction import Prediction
from tidegauge.contract.reference import Reference

MODELS: dict[str, type[Record]] = {
    "prediction": Prediction,
    "feedback": Feedback,
    "alert": Alert,
    "alert-headers": AlertHeaders,
    "metric": Metric,
    "ledger": Ledger,
    "deployment": Deployment,
    "dead-letter": DeadLetter,
    "dead-letter-summary": DeadLetterSummary,
    "reference": Reference,
}
"""The public records by the names of their schemas."""


class _Generator(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - part of the hook
        return False  # it would repeat the field's name


def json_schema(name: str) -> dict[str, Any]:
    """The schema of one of `MODELS`.

    A JSON Schema cannot say all that the models check: that a time has an offset and lies in the
    years 1970 to 9998, and that an integer outcome has a magnitude of at most 2^53.
    """
    schema = MODELS[name].model_json_schema(schema_generator=_Generator)
    return {"$schema": GenerateJsonSchema.schema_dialect, **_tidy(schema)}


def _tidy(node: Any) -> Any:
    """Docstrings as running text with Markdown's code marks."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _running_text(value)
        if key == "description" and isinstance(value, str)
        else _tidy(value)
        for key, value in node.items()
    }


def _running_text(docstring: str) -> str:
    return re.sub(r"(?<!\n)\n[ ]*(?!\n)", " ", docstring.strip().replace("``", "`"))
