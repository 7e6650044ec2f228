"""Sampled predictions, and the profile of a sample, as a worker has them."""

from collections.abc import Mapping

from tidegauge.core.config import ModelConfig
from tidegauge.core.events import FeatureValue, Outcome
from tidegauge.core.monitor.learning import Learning
from tidegauge.core.partial import SampleRow
from tidegauge.core.requestkey import request_key, sample_hash
from tidegauge.core.stats.bottomk import BottomK
from tidegauge.core.stats.outcomes import kept, score_of
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
    probabilities: Mapping[str, float] | None = None,
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
        probabilities: its probabilities by class.
        rules: the model's rules.
    """
    predicted = None if answer is None else kept(answer)
    if predicted is not None:
        score = score_of(score, probabilities, predicted, rules.positive_class)
    hashed = sample_hash(request_key(request))
    return SampleRow(hashed, time, version, score, predicted, dict(features))


def sample_profile(
    sample: Sample, model: str, version: str, rules: ModelConfig
) -> ReferenceProfile:
    """The profile of a sample that is not empty, as monitor would learn it, in effect at once."""
    end = max(row.time for row in sample.items.values()) + 1
    return Learning(rows=sample.items).profile(model, version, end, 0, rules)
