"""Whether a sampled prediction shows the change that an alert is about."""

import math
from collections.abc import Callable, Iterator

from tidegauge.core.adoption import References
from tidegauge.core.detect.verdict import Verdict
from tidegauge.core.monitor.examples import Shows
from tidegauge.core.monitor.streams import StreamKey, Subject
from tidegauge.core.stats.errorbins import binned
from tidegauge.core.stats.outcomes import binary_class, number
from tidegauge.core.stats.predictionsample import SampledPrediction
from tidegauge.core.stats.reference import (
    MISSING,
    WRONG_TYPE,
    CategoricalReference,
    FeatureReference,
    NumericReference,
    ReferenceProfile,
)

_Value = Callable[[SampledPrediction], float | None]

_IN_BINS = frozenset(
    {
        *(Subject.FEATURE, Subject.CATEGORIES, Subject.CATEGORY_SHARE, Subject.MISSING),
        *(Subject.WRONG_TYPE, Subject.OUT_OF_RANGE, Subject.UNSEEN),
    }
)
"""Of features, those whose change is one of bins."""


def showing(
    key: StreamKey,
    verdict: Verdict,
    references: References,
    *,
    positive_class: str | None,
    gained: int | None,
) -> Shows:
    """What tells whether a prediction shows a change.

    Of a share, those that have what it is the share of, or where it fell those that do not; of a
    mean, those that are on the side of the baseline to which it moved; of the distribution of a
    feature, those in the bin that gained most. Any shows a change of which no prediction has more
    than another.

    Args:
        key: the stream.
        verdict: what it says.
        references: of the model.
        positive_class: the positive class of a binary model, as it is configured.
        gained: the bin of the feature that gained most; None: not known.
    """
    rose = (verdict.effect or 0.0) > 0.0
    if key.subject in _IN_BINS:
        return _in_bins(key, rose, references, gained)
    if key.subject in {Subject.CLASS, Subject.POSITIVE_RATE}:
        return lambda row: _is_class(row, key, positive_class) is rose
    value = _VALUES.get(key.subject)
    baseline = verdict.baseline
    if value is None or baseline is None:
        return lambda _: True
    return lambda row: _beyond(value(row), baseline) is rose


def _latency(row: SampledPrediction) -> float | None:
    return math.log(row.latency) if row.latency else None


_VALUES: dict[Subject, _Value] = {
    Subject.SCORE: lambda row: row.score,
    Subject.PREDICTION: lambda row: number(row.predicted),
    Subject.LATENCY: _latency,
}


def _beyond(value: float | None, baseline: float) -> bool | None:
    return None if value is None else value > baseline


def _is_class(row: SampledPrediction, key: StreamKey, positive_class: str | None) -> bool:
    if key.subject is Subject.CLASS:
        return row.predicted == key.feature
    return binary_class(row.predicted, positive_class) == 1


def _in_bins(key: StreamKey, rose: bool, references: References, gained: int | None) -> Shows:
    wanted = {
        profile.id: (place, codes)
        for profile in _profiles(references)
        for place, feature in enumerate(binned(profile))
        if feature.name == key.feature and (codes := _codes(key, feature, gained))
    }
    falls = not rose and key.subject not in {Subject.FEATURE, Subject.CATEGORIES}

    def shows(row: SampledPrediction) -> bool:
        if row.reference not in wanted:
            return False
        place, codes = wanted[row.reference]
        return (row.codes[place] in codes) is not falls

    return shows


def _profiles(references: References) -> Iterator[ReferenceProfile]:
    return (adopted.profile for known in references.values() for adopted in known)


def _codes(key: StreamKey, feature: FeatureReference, gained: int | None) -> frozenset[int]:
    """The codes of the feature that the stream is about."""
    if key.subject is Subject.MISSING:
        return frozenset({MISSING})
    if key.subject is Subject.WRONG_TYPE:
        return frozenset({WRONG_TYPE})
    if key.subject is Subject.OUT_OF_RANGE and isinstance(feature, NumericReference):
        return frozenset({feature.below, feature.above})
    if key.subject is Subject.UNSEEN and isinstance(feature, CategoricalReference):
        return frozenset({feature.unseen})
    if key.subject is Subject.CATEGORY_SHARE and isinstance(feature, CategoricalReference):
        return frozenset(at for at, name in enumerate(feature.categories) if name == key.value)
    return frozenset() if gained is None else frozenset({gained})
