"""Which label of an answer counts at each level of the pane pyramid.

A window takes labels of the levels whose panes it holds whole: a short one is final before a late
correction comes, and keeps the label that was right until then. What counts at a level is thus
what the revisions of that level and of finer ones say. It is kept as *steps*: pairs of level and
label, by ascending level, one step where the label differs from that of the step before.

The first step adds its label at its own level. A further one, at its own (coarser) level, takes
the label of the step before back and adds its own. All of it follows from the times of the
revisions, never from the order in which they were read.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

from tidegauge.core.collect.request import Answer, Line, applicable, in_time
from tidegauge.core.config import ModelConfig
from tidegauge.core.stats.outcomes import Known, kept

Steps = tuple[tuple[int, Known], ...]

_State = TypeVar("_State")


def label_steps(
    answer: Answer, lines: list[Line], rules: ModelConfig, level_of: Callable[[int], int]
) -> Steps:
    """The steps of ``answer``, given all feedback of its request; none while it has no label.

    Args:
        answer: the answer.
        lines: the feedback of its request.
        rules: the rules of its model.
        level_of: the level that takes a label so many ms after its prediction.
    """
    found = [
        (level_of(revision.time - answer.time), line.model is not None, revision)
        for line in applicable(answer, lines)
        for revision in line.revisions
        if in_time(answer, revision, rules)
    ]
    steps: Steps = ()
    for level in sorted({level for level, _, _ in found}):
        reached = [(named, revision) for at, named, revision in found if at <= level]
        _, chosen = max(reached, key=lambda pair: (pair[0], pair[1].revision))
        label = kept(chosen.label)
        if not steps or steps[-1][1] != label:
            steps += ((level, label),)
    return steps


def changes(
    old: tuple[tuple[int, _State], ...], new: tuple[tuple[int, _State], ...]
) -> dict[tuple[int, _State], int]:
    """What leads from the counts of ``old`` to those of ``new``, by level and what is counted."""
    counts: dict[tuple[int, _State], int] = {}
    for steps, sign in ((old, -1), (new, 1)):
        added = [(step, sign) for step in steps]
        taken = [((level, before), -sign) for (_, before), (level, _) in pairwise(steps)]
        for step, count in (*added, *taken):
            counts[step] = counts.get(step, 0) + count
    return {step: count for step, count in counts.items() if count}
