"""What a model answers and what turns out true, as it is kept: a class or a number.

JSON has one kind of number, and writers differ in whether they spell three ``3`` or ``3.0``, so the
value decides, never the spelling. A string, a boolean and a whole number are a *class*, kept as
its name; a number with a fraction is kept as a float. A whole number is both, a class and a number:
which of the two is meant follows from the kind of the model, and whatever is counted is counted for
both readings (`tidegauge.core.stats.classes`, `tidegauge.core.stats.numbers`).
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from tidegauge.core.events import Outcome

Known: TypeAlias = str | float
"""The name of a class, or a number with a fraction or beyond `LARGEST_CLASS`."""

UNSUPPORTED = -1
"""The class index of what is neither of the two classes of a binary model."""

LARGEST_CLASS = 2**53
"""Whole numbers of larger magnitude are no classes: a double does not tell them apart."""

_POSITIVE = frozenset({"1", "true", "yes", "positive"})
_NEGATIVE = frozenset({"0", "false", "no", "negative"})
WHOLE_NUMBER = re.compile(r"0|-?[1-9]\d{0,15}", re.ASCII)
"""Names of classes that are whole numbers as well."""


def kept(outcome: Outcome) -> Known:
    """An outcome as it is kept: ``true``, ``1``, ``late``, 0.5."""
    if type(outcome) is float:
        if outcome.is_integer() and abs(outcome) <= LARGEST_CLASS:
            return str(int(outcome))
        return outcome
    return _name(outcome)


# typed: True and 1 are one key otherwise
@lru_cache(maxsize=1024, typed=True)
def _name(outcome: Outcome) -> str:
    if isinstance(outcome, bool):
        return "true" if outcome else "false"
    return str(outcome)


def number(outcome: Known) -> float | None:
    """The outcome as a number; None for a class that is none."""
    if isinstance(outcome, float):
        return outcome
    return float(outcome) if WHOLE_NUMBER.fullmatch(outcome) else None


def binary_class(outcome: Known, positive_class: str | None) -> int:
    """1 for the positive class, 0 for the negative, `UNSUPPORTED` for what is neither.

    Args:
        outcome: a prediction or a label.
        positive_class: the positive class by name (``true`` also stands for ``1`` and the other
            way round), all others being negative; None: the usual names of both classes decide.
    """
    if isinstance(outcome, float):
        return UNSUPPORTED
    if positive_class is not None:
        return int(outcome == positive_class or {outcome, positive_class} == {"1", "true"})
    lowered = outcome.lower()
    if lowered in _POSITIVE:
        return 1
    return 0 if lowered in _NEGATIVE else UNSUPPORTED


def score_of(
    score: float | None,
    probabilities: Mapping[str, float] | None,
    predicted: Known,
    positive_class: str | None,
) -> float | None:
    """The score that calibration is read from.

    Of a binary answer that is the probability of the positive class: ``score``, or what
    ``probabilities`` of two classes say of it. Of any other it is the confidence in the answer:
    its own probability, or ``score`` where no probability is given for it.
    """
    if not probabilities or isinstance(predicted, float):
        return score
    if len(probabilities) > 2 or binary_class(predicted, positive_class) == UNSUPPORTED:
        return probabilities.get(predicted, score)
    if score is not None:
        return score
    given = {binary_class(name, positive_class): share for name, share in probabilities.items()}
    return given.get(1, 1.0 - given[0] if 0 in given else None)
