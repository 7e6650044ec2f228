"""A change of the mean error, split into harder cases and more errors on the same cases.

The groups are the segments of a field, and the split is that of `tidegauge.core.stats.decompose`.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from tidegauge.core.improve.segments import Errors
from tidegauge.core.improvement import Gain
from tidegauge.core.stats.decompose import Change, Total, decompose, together
from tidegauge.core.stats.mcnemar import Z95

Groups = Mapping[str, Errors]
"""The errors of each value of a segment field."""


class Slice(NamedTuple):
    """What one group adds to the concept shift."""

    field: str
    value: str
    before: float
    """Its mean error before."""
    after: float
    change: Gain
    """Its part of the change of the whole mean; above 0 it makes the model worse."""


class Shift(NamedTuple):
    """A change of the mean error of a model."""

    before: Errors
    after: Errors
    mix: float
    concept: Gain
    """``mix + concept.value == after.mean - before.mean``."""
    slices: tuple[Slice, ...]
    """Of all fields, the largest part of a concept shift first; those of different fields
    overlap."""


def shift(before: Errors, after: Errors, fields: Mapping[str, tuple[Groups, Groups]]) -> Shift:
    """Split a change by the field that explains most of it as mix shift.

    Args:
        before: the errors of the model before, at least one label.
        after: those now, likewise.
        fields: by segment field the errors of its groups before and now; without any all of the
            change is concept shift.
    """
    change = after.mean - before.mean
    whole = _of_field("", {"": before}, {"": after})
    splits = [_of_field(name, *groups) for name, groups in sorted(fields.items())]
    slices = max(splits, key=lambda found: _explained(found, change), default=whole)
    concept = math.fsum(part.change.value for part in slices)
    half = math.hypot(*(part.change.high - part.change.value for part in slices))
    told = [part for found in splits for part in found]
    told.sort(key=lambda part: (-part.change.value, part.field, part.value))
    gain = Gain(concept, concept - half, concept + half)
    return Shift(before, after, change - concept, gain, tuple(told))


def _explained(slices: list[Slice], change: float) -> float:
    mix = change - math.fsum(part.change.value for part in slices)
    return mix if change > 0 else -mix


def _of_field(field: str, before: Groups, after: Groups) -> list[Slice]:
    cells = {
        value: Change(_total(before.get(value)), _total(after.get(value)))
        for value in sorted(before.keys() | after.keys())
    }
    whole = together(cells.values())
    if not whole.before.n or not whole.now.n:
        return []
    slices = []
    for value, parts in decompose(cells).items():
        if not all(side.n for side in cells[value]):
            continue
        old, new = before[value], after[value]
        part = float(parts.concept)
        weight = (old.labelled / whole.before.n + new.labelled / whole.now.n) / 2
        spread = sum(max(e.mean_square - e.mean**2, 0.0) / e.labelled for e in (old, new))
        half = Z95 * weight * math.sqrt(spread)
        slices.append(Slice(field, value, old.mean, new.mean, Gain(part, part - half, part + half)))
    return slices


def _total(errors: Errors | None) -> Total:
    if errors is None:
        return Total()
    return Total(errors.labelled, Fraction(errors.mean) * errors.labelled)
