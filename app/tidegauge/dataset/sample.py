"""Sampled predictions, and the profile of a sample, as a worker has them."""

from collections.abc import Mapping

import xxhash

from tidegauge.core.collect.outcomes import binary_class
from tidegauge.core.config import ModelConfig
from tidegauge.core.events import FeatureValue, Outcome
from tidegauge.core.monitor.learning import Learning
from tidegauge.core.partial import UNSUPPORTED, SampleRow
from tidegauge.core.stats.bottomk import BottomK
from tidegauge.core.stats.reference import ReferenceProfile

Sample = BottomK[SampleRow]
"""Of one model version, by hash of the request id."""


def sample_row(
    request: bytes,
    time: int,
    version: str,
    *,
    answer: Outcome | None,
    score: float | None,
    features: Mapping[str, FeatureValue],
    rules: ModelConfig,
) -> SampleRow:
    """A prediction as collect would offer it (`tidegauge.core.collect.sampling`).

    Args:
        request: the request id.
        time: its event time, ms.
        version: the version that answered.
        answer: the answer; None where it is not known.
        score: its score.
        features: its features.
        rules: the model's rules.
    """
    predicted = UNSUPPORTED if answer is None else binary_class(answer, rules.positive_class)
    hashed = xxhash.xxh3_64_intdigest(request)
    return SampleRow(hashed, time, version, score, predicted, dict(features))


def sample_profile(
    sample: Sample, model: str, version: str, rules: ModelConfig
) -> ReferenceProfile:
    """The profile of a sample that is not empty, as monitor would learn it, in effect at once."""
    end = max(row.time for row in sample.items.values()) + 1
    return Learning(rows=sample.items).profile(model, version, end, 0, rules.reference)
