"""Which of all the cells of all the dimensions a change in errors is due to.

Every dimension explains the change completely, so a ranking needs more than shares. Of each the
candidates are

- its *concept shift*: what its cells account for beyond what they would if errors had risen alike
  everywhere, which is a cell's share of the concept shift in proportion to its predictions. A
  segment with all the traffic has nothing beyond that. The sum over the cells that have more, over
  what it can be at most (the share of the predictions that are not in them), is the dimension's
  weight: close to 1 where some cells have all the errors, near 0 where all have some. A cell that
  is empty before or now says nothing of this, so shares are of the predictions in the others.
- its *mix shift*, as far as the errors that cells had *before* explain it (direct standardisation):
  where errors rose everywhere, a cell that is left alone has risen against those that are empty
  now, which says nothing of the mix. Of a feature whose own alert fires over the window, which thus
  is known to have moved, it is at least what the predictions that came newly to a bin have in
  errors over the average, because a broken value puts predictions among others that are not like
  them.

From each cell's part is taken what chance gives the largest of so many cells: the standard error
times ``sqrt(2 ln m) + 1`` for ``m`` cells, the growth of the largest of m normal values. So a
dimension of many values does not win by their number. The idea of ranking dimensions by explained
share and by surprise at once is that of Bhagwan et al., "Adtributor: revenue debugging in
advertising systems", 2014.

Where no candidate has a weight of `CLEAR`, the errors rose everywhere alike: the model as a whole
comes first.
"""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from tidegauge.core.alertrecords import Cause, CauseKind, Effect, Split
from tidegauge.core.config import ModelKind
from tidegauge.core.explain.dimensions import Dimension
from tidegauge.core.stats.decompose import Change, Parts, decompose, together

NEGLIGIBLE = 1e-9
"""Changes that are so small beside the errors, or their deviation, are those of rounding."""
CLEAR = 0.2
"""Weight from which on a candidate is named before the model as a whole."""
MAX_CAUSES = 10
MAX_OF_ONE = 3
"""Cells of one dimension that are named."""
MAX_SPLITS = 10


class Spread(NamedTuple):
    """The variance of single errors, where it does not follow from their mean: before and now."""

    before: float
    now: float


class Explained(NamedTuple):
    """Causes, the weightiest first, and how the change splits in the dimensions they are of."""

    causes: tuple[Cause, ...] = ()
    splits: tuple[Split, ...] = ()


class _Candidate(NamedTuple):
    weight: float
    dimension: Dimension
    effect: Effect
    cells: tuple[str, ...]
    """The cells it is about, the largest part first."""
    parts: dict[str, Parts]


def explain_errors(
    all_labels: Change,
    dimensions: Iterable[Dimension],
    kind: ModelKind,
    *,
    spread: Spread | None = None,
    moved: frozenset[str] = frozenset(),
) -> Explained:
    """Say what a change in the mean error is due to.

    Args:
        all_labels: all first labels, before and now.
        dimensions: the ways to cut them.
        kind: of the model.
        spread: of a regression model.
        moved: features whose own alert fires over the window.
    """
    if not all_labels.before.n or not all_labels.now.n:
        return Explained()
    change = all_labels.now.mean - all_labels.before.mean
    scale = max(*(float(side.mean) for side in all_labels), *map(math.sqrt, spread or ()))
    if abs(change) <= NEGLIGIBLE * scale:
        return Explained()
    candidates: list[_Candidate] = []
    splits: dict[tuple[CauseKind, str], Split] = {}
    for dimension in dimensions:
        covered = together(dimension.cells.values())
        if covered.before.n and covered.now.n:
            parts = decompose(dimension.cells)
            splits[dimension.kind, dimension.name] = _split(dimension, parts, change)
            noise = _Noise(covered, spread)
            candidates.append(_concept(dimension, parts, change, noise))
            candidates.append(_mix(dimension, parts, change, noise, moved))
    candidates.sort(key=lambda c: (-c.weight, len(c.cells), c.dimension.kind, c.dimension.name))
    causes = list(_causes(candidates, change, kind))
    if not candidates or candidates[0].weight < CLEAR:
        causes.insert(0, _everywhere(all_labels, kind))
    named = dict.fromkeys((cause.kind, cause.name) for cause in causes)
    rest = [key for key in splits if key not in named]
    shown = [splits[key] for key in (*named, *rest) if key in splits]
    return Explained(tuple(causes[:MAX_CAUSES]), tuple(shown[:MAX_SPLITS]))


def _split(dimension: Dimension, parts: dict[str, Parts], change: Fraction) -> Split:
    mix = sum((part.mix for part in parts.values()), Fraction(0)) / change
    concept = sum((part.concept for part in parts.values()), Fraction(0)) / change
    return Split(
        kind=dimension.kind,
        name=dimension.name,
        mix=float(mix),
        concept=float(concept),
        remainder=float(1 - mix - concept),
    )


class _Noise:
    """How far chance moves the parts of cells."""

    def __init__(self, covered: Change, spread: Spread | None) -> None:
        self.before, self.now = covered.before.n, covered.now.n
        self._spread = spread
        self.mean = covered.before.mean

    def shares(self, cell: Change) -> tuple[float, float]:
        """A cell's shares of the predictions before and now."""
        return cell.before.n / self.before, cell.now.n / self.now

    def share_error(self, cell: Change) -> float:
        """The standard error of the change in a cell's share."""
        p0, p1 = self.shares(cell)
        p = (p0 + p1) / 2
        return math.sqrt(p * (1 - p) * (1 / self.before + 1 / self.now))

    def rate_error(self, cell: Change) -> float:
        """The standard error of the change in a cell's mean error."""
        found = 0.0
        for at, side in enumerate(cell):
            if not side.n:
                continue
            if self._spread is not None:
                variance = self._spread[at]
            else:
                rate = (float(side.errors) + 0.5) / (side.n + 1)
                variance = rate * (1 - rate)
            found += variance / side.n
        return math.sqrt(found)


def _largest(cells: int) -> float:
    """How many standard errors the largest of so many cells is off by chance."""
    return math.sqrt(2 * math.log(cells)) + 1


def _concept(
    dimension: Dimension, parts: dict[str, Parts], change: Fraction, noise: _Noise
) -> _Candidate:
    lasting = {name: cell for name, cell in dimension.cells.items() if cell.before.n and cell.now.n}
    held = {name: sum(noise.shares(cell)) / 2 for name, cell in lasting.items()}
    shares = {name: share / sum(held.values()) for name, share in held.items()}
    all_concept = sum(float(part.concept / change) for part in parts.values())
    size = abs(float(change))
    errors = {n: held[n] * noise.rate_error(c) / size for n, c in lasting.items()}
    squares = sum(error * error for error in errors.values())
    excess: dict[str, float] = {}
    for name, share in shares.items():
        alike = max(all_concept, 0.0) * share
        own = errors[name] ** 2
        # of the cell's part less its share of all parts, its own among them
        error = math.sqrt(own * (1 - share) ** 2 + max(squares - own, 0.0) * share**2)
        chance = error * _largest(len(lasting))
        excess[name] = float(parts[name].concept / change) - alike - chance
    kept = sorted((n for n in excess if excess[n] > 0), key=lambda n: (-excess[n], n))
    room = 1.0 - sum(shares[name] for name in kept)
    weight = sum(excess[name] for name in kept) / room if room > 0 else 0.0
    return _Candidate(weight, dimension, Effect.CONCEPT_SHIFT, tuple(kept), parts)


def _mix(
    dimension: Dimension,
    parts: dict[str, Parts],
    change: Fraction,
    noise: _Noise,
    moved: frozenset[str],
) -> _Candidate:
    size = abs(float(change))
    chance = 0.0
    newcomers = standard = 0.0
    grown: dict[str, float] = {}
    for name, cell in dimension.cells.items():
        r0, r1 = cell.rates()
        off = float((r0 + r1) / 2 - noise.mean)
        chance += (off * noise.share_error(cell)) ** 2
        p0, p1 = noise.shares(cell)
        standard += (p1 - p0) * float((r0 - noise.mean) / change)
        grown[name] = max(0.0, p1 - p0 - noise.share_error(cell) * _largest(len(parts)))
        newcomers += grown[name] * float((r1 - noise.mean) / change)
    known = dimension.kind is CauseKind.FEATURE and dimension.name in moved
    mix = min(standard, sum(float(part.mix / change) for part in parts.values()))
    weight = mix - math.sqrt(chance) * _largest(len(parts)) / size
    largest = sorted(parts, key=lambda name: (-parts[name].mix / change, name))
    effect = Effect.NEW_VERSION if dimension.kind is CauseKind.VERSION else Effect.MIX_SHIFT
    kept = tuple(
        name
        for name in largest
        if parts[name].mix / change > 0 and (effect is Effect.MIX_SHIFT or grown[name] > 0)
    )
    return _Candidate(max(weight, newcomers) if known else weight, dimension, effect, kept, parts)


def _causes(candidates: list[_Candidate], change: Fraction, kind: ModelKind) -> Iterator[Cause]:
    for candidate in candidates:
        if candidate.weight <= 0:
            return
        for value in candidate.cells[:MAX_OF_ONE]:
            yield _cause(candidate, value, change, kind)


def _cause(candidate: _Candidate, value: str, change: Fraction, kind: ModelKind) -> Cause:
    dimension, part = candidate.dimension, candidate.parts[value]
    cell = dimension.cells[value]
    if candidate.effect is Effect.CONCEPT_SHIFT:
        share = part.concept
        before, after = map(float, cell.rates())
        told = f"{_figure(kind)} {before:.3g} before, {after:.3g} now"
    else:
        share = part.mix
        sides = together(dimension.cells.values())
        before, after = (one.n / all_.n for one, all_ in zip(cell, sides, strict=True))
        told = f"{100 * before:.3g}% of predictions before, {100 * after:.3g}% now"
    contribution = float(share / change)
    by_version = dimension.kind is CauseKind.VERSION
    label = value if by_version else f"{dimension.name} {value}"
    return Cause(
        kind=dimension.kind,
        effect=candidate.effect,
        name=value if by_version else dimension.name,
        value=None if by_version else value,
        contribution=contribution,
        before=before,
        after=after,
        samples=cell.now.n,
        summary=f"{dimension.kind.value} {label}: {told}, {contribution:.0%} of the change",
    )


def _everywhere(all_labels: Change, kind: ModelKind) -> Cause:
    before, after = float(all_labels.before.mean), float(all_labels.now.mean)
    return Cause(
        kind=CauseKind.MODEL,
        effect=Effect.CONCEPT_SHIFT,
        name="all predictions",
        contribution=1.0,
        before=before,
        after=after,
        samples=all_labels.now.n,
        summary=f"{_figure(kind)} {before:.3g} before, {after:.3g} now, in no part of the "
        "predictions clearly more than in others",
    )


def _figure(kind: ModelKind) -> str:
    return "mean absolute error" if kind is ModelKind.REGRESSION else "error rate"
