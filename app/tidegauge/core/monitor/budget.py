"""How the installation's budget of false alarms is split over detector streams.

The sum of all shares never exceeds the budget, so by Boole's inequality neither does the expected
number of false alarms, however the streams depend on each other. A share follows from settings and
from the model's own closed panes alone, so it is the same wherever the model is computed:

- every model has the budget over `limits.models`, whether or not there are so many;
- of that each *pool* has its part (`PARTS`): the streams of one axis, on which panes close in an
  order of their own, or those of them that watch an age, a segment or a category;
- the streams of one pool are shared out in *cohorts*. When a stream has learned enough, all streams
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


class Pool(StrEnum):
    """The streams that share a part of a model's budget.

    They are those of an axis, and by themselves its ages, segments and categories.
    """

    PREDICTIONS = "predictions"
    CATEGORIES = "categories"
    """Shares of single categories, of which a feature has several."""
    LABELS = "labels"
    SEGMENTS = "segments"
    """Errors of one segment against the rest, which open no alerts of their own."""
    SETTLED = "settled"
    AGES = "ages"
    """How long no prediction came, or a feature's numbers have been the same."""
    LABEL_AGE = "label_age"


PARTS = {
    Pool.PREDICTIONS: 0.59,
    Pool.CATEGORIES: 0.1,
    Pool.LABELS: 0.15,
    Pool.SEGMENTS: 0.1,
    Pool.SETTLED: 0.05,
    Pool.AGES: 0.005,
    Pool.LABEL_AGE: 0.005,
}
"""Part of a model's budget; errors and labels are few streams, and matter most."""


class Share(NamedTuple):
    """Part of one pool of one model."""

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


def alarms_per_week(budget: float, models: int, share: Share, pool: Pool) -> float:
    """False alarms that one stream may raise per week.

    Args:
        budget: of the installation.
        models: between how many models it is divided.
        share: the stream's.
        pool: the stream's.
    """
    return budget / models * PARTS[pool] * share.part
