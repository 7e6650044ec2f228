"""How the installation's budget of false alarms is split over detector streams.

The sum of all shares never exceeds the budget, so by Boole's inequality neither does the expected
number of false alarms, however the streams depend on each other. A share follows from settings and
from the model's own closed panes alone, so it is the same wherever the model is computed:

- every model has the budget over `limits.models`, whether or not there are so many;
- of that each axis on which panes close in an order of their own has its part (`PARTS`);
- the streams of one axis are shared out in *cohorts*. When a stream has learned enough, all streams
  without a share form the next one, and divide its part evenly. Cohort ``k`` has
  ``1 / (k (k + 1))``; these parts add up to one, so there is always something left for features
  yet to come. A cohort whose streams are all gone leaves its number to the next.

The decision is docs/adr/0010.
"""

from collections.abc import Collection
from enum import StrEnum
from itertools import count
from typing import NamedTuple


class Axis(StrEnum):
    """In what order the panes of a stream close."""

    PREDICTIONS = "predictions"
    """By prediction time, as soon as predictions may be complete."""
    LABELS = "labels"
    """By label time."""
    SETTLED = "settled"
    """By prediction time, when no label can come any more."""


PARTS = {Axis.PREDICTIONS: 0.7, Axis.LABELS: 0.25, Axis.SETTLED: 0.05}
"""Part of a model's budget by axis; errors and labels are few streams, and matter most."""


class Share(NamedTuple):
    """Part of one axis of one model."""

    cohort: int
    size: int
    """Streams of the cohort when it was formed."""

    @property
    def part(self) -> float:
        """What the stream may spend, of 1."""
        return 1.0 / (self.cohort * (self.cohort + 1) * self.size)


def next_share(living: Collection[Share], newcomers: int) -> Share:
    """The share of each of so many streams that have none, beside those that live."""
    taken = {share.cohort for share in living}
    return Share(next(number for number in count(1) if number not in taken), newcomers)


def alarms_per_week(budget: float, models: int, share: Share, axis: Axis) -> float:
    """False alarms that one stream may raise per week.

    Args:
        budget: of the installation.
        models: between how many models it is divided.
        share: the stream's.
        axis: the stream's.
    """
    return budget / models * PARTS[axis] * share.part
