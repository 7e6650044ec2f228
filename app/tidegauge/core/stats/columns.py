"""Feature values of a batch, column by column, split into numbers and categories.

A column of one kind, the ordinary case, is read by one pass in C; only a column that mixes kinds is
looked at value by value. Numbers are float or int; text and bool are categories, and a bool is the
category ``true`` or ``false``.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tidegauge.core.events import FeatureValue

_NUMBERS = frozenset({float, int, type(None)})
_CATEGORIES = frozenset({str, bool, type(None)})


@dataclass(frozen=True, slots=True)
class Column:
    """One feature over the rows of a batch; a row in neither part has no value."""

    size: int
    """Number of rows."""
    numbers: NDArray[np.float64] | None
    """NaN where a row has no number; None when no row can have one."""
    categories: Sequence[str | None] | None
    """None where a row has no category; None as a whole when no row can have one."""


def read_column(rows: Sequence[Mapping[str, FeatureValue]], name: str) -> Column:
    """Read feature ``name`` of every row; absent, None and NaN are all missing."""
    return _column([row.get(name) for row in rows])


def read_columns(
    rows: Sequence[Mapping[str, FeatureValue]], names: Sequence[str]
) -> dict[str, Column]:
    """Read several features as `read_column` does, faster where every row has them all."""
    if len(names) > 1 and rows:
        with suppress(KeyError):
            table = zip(*map(itemgetter(*names), rows), strict=True)
            return {name: _column(values) for name, values in zip(names, table, strict=True)}
    return {name: read_column(rows, name) for name in names}


def _column(values: Sequence[FeatureValue]) -> Column:
    kinds = set(map(type, values))
    if kinds <= _NUMBERS:
        return Column(len(values), np.array(values, dtype=np.float64), None)
    if kinds <= {str, type(None)}:
        return Column(len(values), None, cast("Sequence[str | None]", values))
    categories = [_category(value) for value in values]
    if kinds <= _CATEGORIES:
        return Column(len(values), None, categories)
    return Column(len(values), np.array([_number(value) for value in values]), categories)


def _category(value: FeatureValue) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def _number(value: FeatureValue) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return math.nan
