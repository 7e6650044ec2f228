"""The distinct answers, and pairs of an answer and a label, in one batch: what each of them is.

Most rows of a batch repeat a few of them, so what a pair means is worked out once for each and is
then a column that numpy looks up by the pair's number.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tidegauge.core.collect.state import ModelState
from tidegauge.core.stats.classes import Pair
from tidegauge.core.stats.numbers import is_small
from tidegauge.core.stats.outcomes import UNSUPPORTED, Known, binary_class, number

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class AnswerTable(NamedTuple):
    """What each answer of a batch is, by its number."""

    binary: Ints
    """Its class as an answer of a binary model, or `UNSUPPORTED`."""
    names: list[str | None]
    """Its class as it is told apart; None where it is no class."""
    values: Floats
    """NaN where it is no number, or one of 0 and 1."""


class PairTable(NamedTuple):
    """What each pair of a batch is, by its number."""

    binary: Ints
    """``predicted * 2 + label`` of a pair of binary classes, or `UNSUPPORTED`."""
    names: list[Pair]
    """Its classes as they are told apart; of a pair that is not ``classes`` it means nothing."""
    classes: Bools
    right: Bools
    """Whether the two classes are the same."""
    wrong: Bools
    """Whether an error detector takes them for an error: binary classes may have two spellings."""
    numbers: Bools
    predicted: Floats
    labels: Floats
    small: Bools
    """Whether both are 0 or 1."""


class Answers:
    """Numbers the answers of a batch."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, Known], int] = {}

    def number(self, model: str, predicted: Known) -> int:
        """The number of an answer of ``model``."""
        numbers = self._numbers
        return numbers.setdefault((model, predicted), len(numbers))

    def table(self, rows: Ints, models: Mapping[str, ModelState]) -> AnswerTable:
        """What the answers are; ``rows`` holds the number of each row's answer."""
        counts = np.bincount(rows, minlength=len(self._numbers)).tolist()
        binary: list[int] = []
        names: list[str | None] = []
        values: list[float] = []
        for (model, predicted), count in zip(self._numbers, counts, strict=True):
            state = models[model]
            binary.append(binary_class(predicted, state.rules.positive_class))
            if isinstance(predicted, str):
                names.append(state.names.class_name(predicted, count))
            else:
                names.append(None)
            value = None if is_small(predicted, predicted) else number(predicted)
            values.append(np.nan if value is None else value)
        return AnswerTable(np.array(binary, np.int64), names, np.array(values, np.float64))


class Pairs:
    """Numbers the pairs of a batch."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, Known, Known], int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, model: str, predicted: Known, label: Known) -> int:
        """The number of a pair of ``model``."""
        numbers = self._numbers
        return numbers.setdefault((model, predicted, label), len(numbers))

    def table(self, rows: Ints, models: Mapping[str, ModelState]) -> PairTable:
        """What the pairs are; ``rows`` holds the number of each labelled row's pair."""
        counts = np.bincount(rows, minlength=len(self._numbers)).tolist()
        pairs = [
            _pair(models[model], predicted, label, count)
            for (model, predicted, label), count in zip(self._numbers, counts, strict=True)
        ]
        binary, names, classes, right, wrong, numbers, predicted, labels, small = zip(
            *pairs, strict=True
        )
        return PairTable(
            np.array(binary, np.int64),
            list(names),
            np.array(classes, np.bool_),
            np.array(right, np.bool_),
            np.array(wrong, np.bool_),
            np.array(numbers, np.bool_),
            np.array(predicted, np.float64),
            np.array(labels, np.float64),
            np.array(small, np.bool_),
        )


_NO_CLASSES = ("", "")


class _Pair(NamedTuple):
    """One row of a `PairTable`."""

    binary: int
    names: Pair
    classes: bool
    right: bool
    wrong: bool
    numbers: bool
    predicted: float
    label: float
    small: bool


def _pair(model: ModelState, predicted: Known, label: Known, count: int) -> _Pair:
    x, y = number(predicted), number(label)
    both_numbers = x is not None and y is not None
    if isinstance(predicted, float) or isinstance(label, float):
        return _Pair(
            UNSUPPORTED, _NO_CLASSES, False, False, False, both_numbers, x or 0.0, y or 0.0, False
        )
    positive = model.rules.positive_class
    first, second = binary_class(predicted, positive), binary_class(label, positive)
    is_binary = UNSUPPORTED not in (first, second)
    return _Pair(
        first * 2 + second if is_binary else UNSUPPORTED,
        (model.names.told_class(predicted), model.names.class_name(label, count)),
        classes=True,
        right=predicted == label,
        wrong=first != second if is_binary else predicted != label,
        numbers=both_numbers,
        predicted=x or 0.0,
        label=y or 0.0,
        small=is_small(predicted, label),
    )
