"""The reference profile: what is normal for one model version."""

from typing import Annotated, Literal

from pydantic import Field

from tidegauge.contract.base import Count, Record, Time
from tidegauge.core.reference_records import ReferenceSource


class NumericReference(Record):
    """A numeric feature; bin ``i`` holds ``edges[i-1] <= x < edges[i]``, outer bins are open."""

    type: Literal["numeric"]
    edges: list[float]
    """Inner edges, ascending; one fewer than ``counts``."""
    counts: list[Count]
    missing: Count
    mean: float | None
    deviation: Annotated[float, Field(ge=0)] | None
    """Standard deviation."""
    minimum: float | None
    maximum: float | None


class CategoricalReference(Record):
    """A text or boolean feature."""

    type: Literal["categorical"]
    counts: dict[str, Count]
    """How often each category came."""
    other: Count
    """Values beyond the number of categories that are kept."""
    missing: Count


class Reference(Record):
    """What is normal for one model version, and from when it is compared with.

    The newest record of a model version replaces the older ones.
    """

    id: Annotated[str, Field(min_length=1)]
    model: str
    version: str
    source: ReferenceSource
    """``learned`` from the first predictions, built from a ``file``, or ``pinned`` by the user
    from a past period."""
    effective_from: Time
    """Start of the first pane that is compared with it."""
    start: Time
    """The interval of event time it was taken from."""
    end: Time
    """Exclusive."""
    predictions: Count
    """Predictions it was taken from."""
    labelled: Count
    errors: Count
    """Labelled predictions that differ from their label."""
    features: dict[
        str, Annotated[NumericReference | CategoricalReference, Field(discriminator="type")]
    ]
    """By name of the feature."""
    score: NumericReference | None
    predicted: dict[str, Count]
    """How often each class was predicted."""
