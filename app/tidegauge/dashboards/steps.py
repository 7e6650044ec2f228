"""What Grafana does to the answer of a query before a panel shows it."""

from typing import Any

from grafana_foundation_sdk.models import dashboard as models


def number(field: str) -> models.DataTransformerConfig:
    """Take the text of a field for a number."""
    return _step(
        "convertFieldType",
        {"conversions": [{"targetField": field, "destinationType": "number"}], "fields": {}},
    )


def in_order(field: str) -> models.DataTransformerConfig:
    """Sort by a field."""
    return _step("sortBy", {"fields": {}, "sort": [{"field": field}]})


def as_matrix(row: str, column: str) -> models.DataTransformerConfig:
    """One row and one column for each value of two labels."""
    return _step(
        "groupingToMatrix", {"rowField": row, "columnField": column, "valueField": "Value"}
    )


def _step(id_: str, options: dict[str, Any]) -> models.DataTransformerConfig:
    return models.DataTransformerConfig(id_, options=options)
