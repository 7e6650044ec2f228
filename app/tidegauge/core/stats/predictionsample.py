"""A bounded, fair sample of predictions with their real request ids, for people to look at.

Of each finest pane those are kept whose request ids have the smallest hashes: every prediction is
as likely, the sample depends on no order, and samples merge (Cohen and Kaplan, "Summarizing data
using bottom-k sketches", 2007). With each goes what tells whether it shows a change.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from tidegauge.core.stats.outcomes import Known

KEPT = 10
"""Predictions of one pane, over all versions."""


class SampledPrediction(NamedTuple):
    """One prediction."""

    hashed: int
    """Of its request id (`tidegauge.core.requestkey.sample_hash`)."""
    request_id: str
    reference: str
    """The id of the reference that its codes are of; empty: none."""
    codes: bytes
    """A byte for each feature of the reference (`tidegauge.core.stats.errorbins`)."""
    predicted: Known
    score: float | None
    latency: float | None
    """Seconds."""


def merged(
    one: Iterable[SampledPrediction], other: Iterable[SampledPrediction]
) -> list[SampledPrediction]:
    """The sample of both together."""
    return sorted({*one, *other}, key=_order)[:KEPT]


def _order(row: SampledPrediction) -> tuple[Any, ...]:
    """A total order, by hash: several versions may have answered one request."""
    return row.hashed, row.request_id, row.reference, row.codes, repr(row[4:])
