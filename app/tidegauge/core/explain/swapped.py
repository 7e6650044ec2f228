"""Whether two categories of a feature have changed places.

They have if each now has about the share that the other has in the reference, these differ by more
than chance and drift make of them, and the shares of all others together moved by less.
"""

import math
from itertools import combinations

from tidegauge.core.stats.counts import dense
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.reference import CategoricalReference

CHANCE = 3.0
"""Standard errors by which a share may be off."""
DRIFT = 0.15
"""Part of a share that it may be off beside."""
MAX_CATEGORIES = 50
"""The most frequent ones, which are compared in pairs."""


def swapped(reference: CategoricalReference, counts: FeatureCounts) -> tuple[str, str] | None:
    """The two categories that changed places, the more frequent one of the reference first.

    Args:
        reference: of the feature.
        counts: in the bins of the reference.
    """
    now = dense(counts.bins, range(len(reference.counts)))
    known, seen = sum(reference.counts), sum(now)
    if not known or not seen:
        return None
    p = [count / known for count in reference.counts]
    q = [count / seen for count in now]
    # the total variation distance, twice
    moved = math.fsum(abs(a - b) for a, b in zip(p, q, strict=True))

    def close(share: float, other: float) -> bool:
        error = math.sqrt(max(share * (1.0 - share), 1.0 / seen) * (1.0 / known + 1.0 / seen))
        return abs(share - other) <= CHANCE * error + DRIFT * share

    named = range(len(reference.categories))
    frequent = sorted(named, key=lambda at: (-max(p[at], q[at]), at))[:MAX_CATEGORIES]
    found = []
    for pair in combinations(frequent, 2):
        a, b = sorted(pair, key=lambda at: (-p[at], at))
        both = abs(p[a] - q[a]) + abs(p[b] - q[b])
        apart = not close(p[a], p[b]) and not close(p[b], p[a])
        if apart and close(p[a], q[b]) and close(p[b], q[a]) and both > moved / 2.0:
            found.append((both, reference.categories[a], reference.categories[b]))
    return max(found)[1:] if found else None
