"""Build a reference profile from a sample of predictions, the same for any order of the sample."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.config import ReferenceConfig
from tidegauge.core.events import FeatureValue
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.classes import OTHER
from tidegauge.core.stats.columns import read_column
from tidegauge.core.stats.counts import count_cells
from tidegauge.core.stats.logbins import bin_numbers
from tidegauge.core.stats.outcomes import Known, number
from tidegauge.core.stats.reference import (
    CategoricalReference,
    FeatureReference,
    NumericReference,
    ReferenceProfile,
)
from tidegauge.core.stats.scorebins import N_BINS, NO_SCORE, bin_scores

MAX_RARE = 1_000
"""Most rare categories that are listed by name."""


def build_reference(
    rows: Sequence[Mapping[str, FeatureValue]],
    scores: NDArray[np.float64],
    predicted: NDArray[np.integer],
    *,
    answers: Sequence[Known] = (),
    names: Sequence[str],
    config: ReferenceConfig,
    model: str,
    version: str,
    effective_from: int,
    learned_from: int,
    learned_until: int,
) -> ReferenceProfile:
    """Build the reference profile of one model version.

    Args:
        rows: The features of each prediction in the sample.
        scores: Score of each prediction; NaN where there is none.
        predicted: Of each prediction that is a class of a binary model, 1 where it is the positive
            one, else 0.
        answers: Each prediction as it is kept.
        names: The features to describe; one without any value is left out.
        config: Number of bins and of categories.
        model: Name of the model.
        version: Its version.
        effective_from: Start of the first pane compared with it, in ms since the epoch.
        learned_from: Start of the interval that the sample was taken from.
        learned_until: Its end.

    Returns:
        The profile, whose id is the hash of its content.
    """
    described = (_describe(rows, name, config) for name in sorted(set(names)))
    bins = bin_scores(scores)
    known = bins[bins != NO_SCORE]
    draft = ReferenceProfile(
        id="",
        model=model,
        version=version,
        effective_from=effective_from,
        learned_from=learned_from,
        learned_until=learned_until,
        sample_count=len(rows),
        features=tuple(feature for feature in described if feature is not None),
        score_counts=count_cells(known, np.zeros_like(known), 1, N_BINS)[0],
        positive_rate=int(predicted.sum()) / len(predicted) if len(predicted) else None,
        class_counts=_class_counts(answers, config.max_categories),
        value_counts=_value_counts(answers),
    )
    return msgspec.structs.replace(draft, id=draft.content_id())


def _class_counts(answers: Sequence[Known], limit: int) -> dict[str, int]:
    counts = Counter(answer for answer in answers if isinstance(answer, str))
    frequent = sorted(counts, key=lambda name: (-counts[name], name))[:limit]
    kept = {name: counts[name] for name in frequent}
    if rest := counts.total() - sum(kept.values()):
        kept[OTHER] = kept.get(OTHER, 0) + rest
    return kept


def _value_counts(answers: Sequence[Known]) -> dict[int, int]:
    values = [value for value in map(number, answers) if value is not None]
    return dict(Counter(bin_numbers(np.array(values, np.float64)).tolist()))


def _describe(
    rows: Sequence[Mapping[str, FeatureValue]], name: str, config: ReferenceConfig
) -> FeatureReference | None:
    column = read_column(rows, name)
    numbers = np.empty(0) if column.numbers is None else column.numbers
    # adding zero turns -0.0 into 0.0, which sorts equally but would give another id
    numbers = np.sort(numbers[~np.isnan(numbers)] + 0.0)
    categories = Counter(text for text in column.categories or () if text is not None)
    n_categories = categories.total()
    if len(numbers) == n_categories == 0:
        return None
    missing_share = (len(rows) - len(numbers) - n_categories) / len(rows)
    if len(numbers) >= n_categories:
        return _describe_numbers(name, numbers, missing_share, config.bins)
    return _describe_categories(name, categories, missing_share, config.max_categories)


def _describe_numbers(
    name: str, ordered: NDArray[np.float64], missing_share: float, bins: int
) -> NumericReference:
    n = len(ordered)
    low, high = float(ordered[0]), float(ordered[-1])
    quantiles = {float(ordered[n * step // bins]) for step in range(1, bins)}
    groups = np.zeros(n, dtype=np.intp)
    total = exactsum.exact_sums(ordered, groups, 1)[0]
    edges = tuple(sorted(edge for edge in quantiles if edge > low))
    starts = np.searchsorted(ordered, edges).tolist()
    return NumericReference(
        name=name,
        edges=edges,
        counts=(0, *np.diff([0, *starts, n]).tolist(), 0),
        low=low,
        high=high,
        mean=exactsum.to_float(total) / n,
        deviation=exactsum.deviation(n, total, exactsum.exact_square_sums(ordered, groups, 1)[0]),
        missing_share=missing_share,
    )


def _describe_categories(
    name: str, categories: Counter[str], missing_share: float, limit: int
) -> CategoricalReference:
    ranked = sorted(categories, key=lambda category: (-categories[category], category))
    frequent, rare = ranked[:limit], ranked[limit:]
    counts = [categories[category] for category in frequent]
    return CategoricalReference(
        name=name,
        categories=tuple(frequent),
        counts=(*counts, categories.total() - sum(counts), 0),
        rare=tuple(sorted(rare)) if len(rare) <= MAX_RARE else None,
        missing_share=missing_share,
    )
