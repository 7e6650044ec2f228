"""A change of the mean error, split into harder cases and more errors on the same cases.

With the segments of a field as groups of weight ``w`` and mean error ``e``, before (0) and now (1),
the change of the mean is exactly the sum over the groups of ``(w1 - w0) (e0 + e1) / 2``, the *mix
shift*, and ``(e1 - e0) (w0 + w1) / 2``, the *concept shift* (Kitagawa, "Components of a difference
between two rates", 1955). A group that is there only before or only now has the same mean error in
both, so it is mix shift alone.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from tidegauge.core.improve.segments import Errors
from tidegauge.core.improvement import Gain
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
    totals = [sum(errors.labelled for errors in groups.values()) for groups in (before, after)]
    slices = []
    for value in sorted(before.keys() & after.keys()):
        old, new = before[value], after[value]
        if not old.labelled or not new.labelled:
            continue
        weight = (old.labelled / totals[0] + new.labelled / totals[1]) / 2
        part = (new.mean - old.mean) * weight
        spread = sum(max(e.mean_square - e.mean**2, 0.0) / e.labelled for e in (old, new))
        half = Z95 * weight * math.sqrt(spread)
        slices.append(Slice(field, value, old.mean, new.mean, Gain(part, part - half, part + half)))
    return slices
