"""Which version, code version or data version came in with a change."""

from collections.abc import Iterable

from tidegauge.core.alertrecords import Cause, CauseKind, Effect
from tidegauge.core.records import DeploymentKind, DeploymentRecord

BY_CHANCE = 0.2
"""Expected number of marks of a kind in as long a time up to which one of them tells something."""
_KINDS = {
    DeploymentKind.VERSION: CauseKind.VERSION,
    DeploymentKind.CODE_VERSION: CauseKind.CODE_VERSION,
    DeploymentKind.DATA_VERSION: CauseKind.DATA_VERSION,
}


def came_with(
    marks: Iterable[DeploymentRecord], since_ms: int, until_ms: int
) -> tuple[list[Cause], list[Cause]]:
    """What was first seen in the time in which a change began.

    A data version that is new every day comes with anything. So a mark tells something only where
    marks of its kind are rare: by the rate at which they came before, fewer than `BY_CHANCE` are
    expected in as long a time.

    Args:
        marks: all that is known.
        since_ms: start of the time in which the change began.
        until_ms: its end, exclusive.

    Returns:
        Those that tell something, newest first, and those that are only named.
    """
    known = sorted((mark for mark in marks if mark.time_ms < until_ms), key=_order)
    telling: list[Cause] = []
    named: list[Cause] = []
    if not known:
        return telling, named
    begun = known[0].time_ms
    for mark in reversed(known):
        if mark.time_ms < since_ms or mark.time_ms == begun:
            continue  # what was there at the first event did not come with anything
        earlier = [m for m in known if m.kind is mark.kind and begun < m.time_ms < since_ms]
        history = max(since_ms - begun, 1)
        expected = len(earlier) * (until_ms - since_ms) / history
        (telling if expected < BY_CHANCE else named).append(_cause(mark))
    return telling, named


def _order(mark: DeploymentRecord) -> tuple[int, str, str]:
    return mark.time_ms, mark.kind, mark.value


def _cause(mark: DeploymentRecord) -> Cause:
    kind = _KINDS[mark.kind]
    words = kind.value.replace("_", " ")
    return Cause(
        kind=kind,
        effect=Effect.NEW_VERSION,
        name=mark.value,
        summary=f"{words} {mark.value} came in with the change",
    )
