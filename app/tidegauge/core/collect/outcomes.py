"""From what a model answered and what turned out true to the two classes of a binary model."""

from functools import lru_cache

from tidegauge.core.events import Outcome
from tidegauge.core.partial import UNSUPPORTED

_POSITIVE = frozenset({"1", "true", "yes", "positive"})
_NEGATIVE = frozenset({"0", "false", "no", "negative"})


def as_text(outcome: Outcome) -> str:
    """The name of a class: ``true``, ``1``, ``late``; numbers without a fraction as integers."""
    if isinstance(outcome, bool):
        return "true" if outcome else "false"
    if isinstance(outcome, float) and outcome.is_integer():
        return str(int(outcome))
    return str(outcome)


def binary_class(outcome: Outcome, positive_class: str | None) -> int:
    """1 for the positive class, 0 for the negative, `UNSUPPORTED` for what is no class.

    Args:
        outcome: a prediction or a label.
        positive_class: the positive class by name (``true`` also stands for ``1`` and the other
            way round), all others being negative; None: the usual names of both classes decide.
    """
    if isinstance(outcome, float) and not outcome.is_integer():
        return UNSUPPORTED
    return _class_of(outcome, positive_class)


# typed: True, 1 and 1.0 are one key otherwise
@lru_cache(maxsize=1024, typed=True)
def _class_of(outcome: Outcome, positive_class: str | None) -> int:
    name = as_text(outcome)
    if positive_class is not None:
        same = name == positive_class or {name, positive_class} == {"1", "true"}
        return int(same)
    lowered = name.lower()
    if lowered in _POSITIVE:
        return 1
    return 0 if lowered in _NEGATIVE else UNSUPPORTED
