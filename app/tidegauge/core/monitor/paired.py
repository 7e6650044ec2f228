"""From the pairs of two versions to the figures that fit the kind of their model."""

import math

from tidegauge.core.config import ModelKind
from tidegauge.core.records import PairedStats
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.mcnemar import Z95, difference_interval, mcnemar_mid_p
from tidegauge.core.stats.paired import PairedClasses, PairedCounts, PairedNumbers


def paired_figures(paired: dict[str, PairedCounts], kind: ModelKind) -> dict[str, PairedStats]:
    """The figures by other version; those without a pair that fits the kind are left out."""
    found = {other: _stats(counts, kind) for other, counts in sorted(paired.items())}
    return {other: stats for other, stats in found.items() if stats.pairs}


def _stats(counts: PairedCounts, kind: ModelKind) -> PairedStats:
    match kind:
        case ModelKind.BINARY:
            return _classes(counts.binary)
        case ModelKind.MULTICLASS:
            return _classes(counts.classes)
        case ModelKind.REGRESSION:
            return _numbers(counts.numbers)


def _classes(pairs: PairedClasses) -> PairedStats:
    n, this, other = pairs.n, pairs.only_this_right, pairs.only_other_right
    interval = difference_interval(n, this, other)
    if interval is None:
        return PairedStats(pairs=0)
    low, high = interval
    return PairedStats(
        pairs=n,
        agreement=pairs.same / n,
        both_right=pairs.both_right,
        only_this_right=this,
        only_other_right=other,
        both_wrong=pairs.both_wrong,
        accuracy=(pairs.both_right + this) / n,
        other_accuracy=(pairs.both_right + other) / n,
        accuracy_difference=(this - other) / n,
        accuracy_difference_low=low,
        accuracy_difference_high=high,
        p_value=mcnemar_mid_p(this, other),
    )


def _numbers(pairs: PairedNumbers) -> PairedStats:
    n = pairs.n
    total = pairs.absolute - pairs.other_absolute
    difference = exactsum.mean(n, total)
    if difference is None:
        return PairedStats(pairs=0)
    deviation = exactsum.deviation(n, total, pairs.squares)
    half = None if deviation is None else Z95 * deviation / math.sqrt(n)
    return PairedStats(
        pairs=n,
        agreement=pairs.same / n,
        mean_absolute_error=exactsum.mean(n, pairs.absolute),
        other_mean_absolute_error=exactsum.mean(n, pairs.other_absolute),
        error_difference=difference,
        error_difference_low=None if half is None else difference - half,
        error_difference_high=None if half is None else difference + half,
        nearer=pairs.nearer / n,
        other_nearer=pairs.other_nearer / n,
    )
