"""What moved the answers, and whether that has changed: beside an alert, and of one request.

An alert compares the shares that features have of all attribution, which add up to 1: before (what
is usual) and in its window. Their distance is the total variation. What stands beside it tells the
features that moved most, with their shares in right and in wrong answers where labels are known:
one that has grown, and has more in wrong answers than in right ones, is what the model now errs by.
"""

from collections.abc import Mapping
from typing import NamedTuple

from tidegauge.core.alertrecords import AttributionChange, AttributionShift
from tidegauge.core.events import Prediction
from tidegauge.core.records import AttributionStats
from tidegauge.core.stats.attributions import total_variation

SHOWN = 5
"""Features that an alert names."""

Shares = Mapping[str, float]


def shift(
    count: int,
    before: Shares | None,
    now: Shares,
    right: Shares | None = None,
    wrong: Shares | None = None,
) -> AttributionShift:
    """How the shares of features changed, those that changed most first.

    Where it is not known what is usual, those first that differ most in right and wrong answers.

    Args:
        count: answers in the window that carry attributions.
        before: what is usual; None: not known.
        now: the shares in the window.
        right: those in right answers of the window; None: none is known.
        wrong: those in wrong answers.
    """
    names = {*(before or ()), *now, *(right or ()), *(wrong or ())}
    changes = [
        AttributionChange(
            name=name,
            before=_of(before, name),
            after=now.get(name, 0.0),
            right=_of(right, name),
            wrong=_of(wrong, name),
        )
        for name in names
    ]

    def least(change: AttributionChange) -> tuple[float, str]:
        pair = (change.right, change.wrong) if before is None else (change.before, change.after)
        return -abs((pair[1] or 0.0) - (pair[0] or 0.0)), change.name

    return AttributionShift(
        count=count,
        drift=None if before is None else total_variation(before, now),
        features=tuple(sorted(changes, key=least)[:SHOWN]),
    )


def _of(shares: Shares | None, name: str) -> float | None:
    return None if shares is None else shares.get(name, 0.0)


class AttributionOf(NamedTuple):
    """By how much one feature moved the answer to a request, beside what is usual."""

    name: str
    attribution: float
    share: float | None
    """Of the sum of all magnitudes of this answer; None where all are 0."""
    usual_absolute: float | None
    """The mean magnitude in the window; None where the feature has none there."""
    usual_share: float | None
    right_share: float | None
    wrong_share: float | None


def attributions_of(event: Prediction, usual: AttributionStats | None) -> list[AttributionOf]:
    """The attributions of a request, the largest first.

    Args:
        event: the request.
        usual: of a window of its version.
    """
    told = event.attributions or {}
    whole = sum(abs(value) for value in told.values())
    found = []
    for name, value in told.items():
        known = None if usual is None else usual.features.get(name)
        found.append(
            AttributionOf(
                name,
                value,
                abs(value) / whole if whole else None,
                None if known is None else known.mean_absolute,
                None if known is None else known.share,
                None if known is None else known.right_share,
                None if known is None else known.wrong_share,
            )
        )
    return sorted(found, key=lambda one: (-abs(one.attribution), one.name))
