"""What two versions' answers to one request have together at each level of the pane pyramid.

Two answers of one model are a *pair* from the level on at which both have a label. What the pair is
at a level, both labels as they are known there, follows from the steps of the two answers
(`tidegauge.core.collect.labelling`), so it does not depend on the order in which the predictions,
the feedback and its corrections were read. It is counted in the pane of the later of the two
answers, for an earlier one may be final before all labels of the later answer have come.
"""

from itertools import combinations

from tidegauge.core.collect.labelling import Steps
from tidegauge.core.collect.request import Answer
from tidegauge.core.stats.outcomes import Known

Labels = tuple[Known, Known]
PairSteps = tuple[tuple[int, Labels], ...]


def pair_steps(one: Steps, other: Steps) -> PairSteps:
    """The levels at which a pair changes, with both labels; none until both have one."""
    if not one or not other:
        return ()
    steps: PairSteps = ()
    for level in sorted({level for level, _ in (*one, *other)}):
        first, second = _known(one, level), _known(other, level)
        if first is None or second is None:
            continue
        if not steps or steps[-1][1] != (first, second):
            steps += ((level, (first, second)),)
    return steps


def _known(steps: Steps, level: int) -> Known | None:
    """The label that counts at a level."""
    return next((label for at, label in reversed(steps) if at <= level), None)


def changed_pairs(
    answers: list[Answer], before: list[Steps]
) -> list[tuple[Answer, Answer, PairSteps, PairSteps]]:
    """The pairs of one request that a change of labels may concern.

    Args:
        answers: all answers of the request as they are now.
        before: the steps that each of them had.

    Returns:
        The two answers, the steps of the pair before, and those now.
    """
    found = []
    for (one, old), (other, old_other) in combinations(zip(answers, before, strict=True), 2):
        if one.model == other.model and (one.steps != old or other.steps != old_other):
            was, now = pair_steps(old, old_other), pair_steps(one.steps, other.steps)
            if was != now:
                found.append((one, other, was, now))
    return found
