"""The reference profile: what is normal for one model version."""

from typing import Annotated, Literal

from pydantic import Field

from tidegauge.contract.base import Count, Record, Share, Time
from tidegauge.core.stats.reference import Origin


class NumericProfile(Record):
    """A feature whose values are numbers.

    With the bounds ``low, *edges, high``, inner bin ``i`` holds ``bounds[i-1] <= x < bounds[i]``,
    and the last inner one also ``high``.
    """

    type: Literal["numeric"]
    name: str
    edges: list[float]
    """Inner edges: quantiles, ascending, above ``low`` and up to ``high``."""
    counts: list[Count]
    """By bin: below ``low``, the inner bins, above ``high``."""
    low: float
    """Smallest value of the sample."""
    high: float
    """Largest value of the sample."""
    mean: float
    deviation: Annotated[float, Field(ge=0)] | None
    """Sample standard deviation; null for a single value."""
    missing_share: Share
    """Share of the sample without a value."""


class CategoricalProfile(Record):
    """A feature whose values are text or boolean."""

    type: Literal["categorical"]
    name: str
    categories: list[str]
    """The frequent ones, most frequent first."""
    counts: list[Count]
    """By bin: each of ``categories``, other, unseen."""
    rare: list[str] | None
    """The categories counted as other; null when they are too many to list: then every category
    that is not in ``categories`` is other, and none is unseen."""
    missing_share: Share
    """Share of the sample without a value."""


class Reference(Record):
    """What is normal for one model version, and from when it is compared with.

    The newest record of a model version replaces the older ones.
    """

    id: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    """Hash of the content (XXH3, 128 bits)."""
    model: str
    version: str
    effective_from: Time
    """Start of the first pane that is compared with it."""
    origin: Origin
    """``learned`` from the first predictions of the version, ``built`` from a file, ``pinned`` from
    a past period. A learned one never replaces the other two."""
    learned_from: Time | None
    """The interval of event time that its sample was taken from, inclusive; null together with
    ``learned_until`` where the sample has no times."""
    learned_until: Time | None
    """Exclusive."""
    sample_count: Count
    """Predictions in the sample."""
    features: list[Annotated[NumericProfile | CategoricalProfile, Field(discriminator="type")]]
    """By ascending name."""
    score_counts: dict[str, Count]
    """Scores by number of the score bin, in decimal; bins without any are left out."""
    positive_rate: Share | None
    """Share predicted positive, of the answers that are one of two classes; null without any."""
    class_counts: dict[str, Count]
    """Answers by class; the rarer ones together as ``__other__``."""
    value_counts: dict[str, Count]
    """Answers that are numbers, by number of the bin, in decimal; bins without any are left out."""
