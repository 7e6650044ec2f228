"""How unusual one request is: its features against the reference, and how often its like errs."""

from collections.abc import Mapping
from typing import NamedTuple

from tidegauge.core.config import ModelKind
from tidegauge.core.events import Prediction
from tidegauge.core.explain.dimensions import code_label, total
from tidegauge.core.stats.columns import read_columns
from tidegauge.core.stats.compare import bin_labels
from tidegauge.core.stats.decompose import Total
from tidegauge.core.stats.errorbins import Cells, ErrorBins
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.reference import (
    MISSING,
    WRONG_TYPE,
    FeatureReference,
    NumericReference,
    ReferenceProfile,
)


class Likes(NamedTuple):
    """How wrong the answers to others like it were; None where there were none."""

    labels: int
    error: float | None


class FeatureOf(NamedTuple):
    """One feature of a request."""

    name: str
    value: object
    bin: str | None
    """In the reference; None where it does not have the feature."""
    share: float | None
    """Of the reference's predictions that are in the bin."""
    percentile: tuple[float, float] | None
    """Of a number: the percentiles of the reference between which it lies."""
    attribution: float | None
    likes: Likes | None
    """Those in the same bin."""


def features_of(
    event: Prediction, profile: ReferenceProfile | None, bins: ErrorBins, kind: ModelKind
) -> list[FeatureOf]:
    """The features of a request, the most unusual first.

    Args:
        event: the request.
        profile: what is normal; None: not known.
        bins: first labels by cell of the reference.
        kind: of the model.
    """
    known = {} if profile is None else {feature.name: feature for feature in profile.features}
    names = sorted(event.features.keys() | known.keys())
    columns = read_columns([event.features], names)
    likes = {} if profile is None else _likes(profile, bins, kind)
    found = []
    for name in names:
        reference = known.get(name)
        attribution = (event.attributions or {}).get(name)
        value = event.features.get(name)
        if reference is None:
            found.append(FeatureOf(name, value, None, None, None, attribution, None))
            continue
        code = int(reference.bin_column(columns[name])[0])
        share, percentile = _unusual(reference, code)
        label = code_label(bin_labels(reference), code)
        found.append(
            FeatureOf(name, value, label, share, percentile, attribution, likes.get((name, code)))
        )
    return sorted(found, key=lambda f: (1.0 if f.share is None else f.share, f.name))


def _unusual(
    reference: FeatureReference, code: int
) -> tuple[float | None, tuple[float, float] | None]:
    if code == MISSING:
        return reference.missing_share, None
    if code == WRONG_TYPE:
        return 0.0, None
    count = sum(reference.counts)
    if not count:
        return None, None
    present = 1.0 - reference.missing_share
    share = present * reference.counts[code] / count
    if not isinstance(reference, NumericReference):
        return share, None
    below = sum(reference.counts[:code])
    return share, (below / count, (below + reference.counts[code]) / count)


def _likes(
    profile: ReferenceProfile, bins: ErrorBins, kind: ModelKind
) -> dict[tuple[str, int], Likes]:
    cells = Cells(profile)
    regression = kind is ModelKind.REGRESSION
    counts = cells.split(bins.numbers if regression else bins.trials)
    errors = cells.split(bins.absolute if regression else bins.errors)
    found = {}
    for feature, count, wrong in zip(cells.features, counts, errors, strict=True):
        for code, number in count.items():
            off = wrong.get(code, 0)
            first = FirstLabels(number, off, number, off)
            found[feature.name, code] = likes_of(first, kind)
    return found


def likes_of(first: FirstLabels, kind: ModelKind) -> Likes:
    """What first labels of a series say of its errors."""
    known: Total = total(first, kind)
    return Likes(known.n, float(known.mean) if known.n else None)


def segments_of(
    event: Prediction, baseline: Mapping[tuple[str, str, str], FirstLabels], kind: ModelKind
) -> dict[tuple[str, str], Likes]:
    """How wrong the answers of its version and of each of its segments were, by field and value."""
    found = {}
    for field, value in (("", ""), *sorted(event.segments.items())):
        first = baseline.get((event.version, field, value))
        if first is not None:
            found[field, value] = likes_of(first, kind)
    return found
