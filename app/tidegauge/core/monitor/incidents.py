"""Which alerts of a model belong together, and which of them is the root.

An alert joins an incident or opens one when it opens itself. What can be the cause of what is
known: inputs make answers drift and answers err, and predictions that don't come have no labels;
latency stands by itself. So alerts of these three *families* keep incidents of their own. Within a
family two rules say which incident an alert joins:

- An effect joins its cause: in the order of causes below, an alert joins the incident of an earlier
  one that fired when the predictions were made in which it saw its change. Labels come hours later,
  so for alerts about errors that is not the time of their window, but of the predictions whose
  labels are in it. A fault of one feature makes no other drift.
- Alerts that saw their changes begin at about the same time belong together: within `JOIN_MS`, or
  the length of their own window where that is longer, since sparse traffic is seen slowly.

An alert about errors joins that of a feature by either only if it names the feature as its cause,
and one about answers only by the time: where it tells another cause, a feature that happens to
drift all the while is none of it. Where errors are not counted by feature, it cannot tell.

An alert about errors can open before that of its cause, which takes longer to be sure of. So as
long as all alerts of an incident are of another axis than that of prediction time, each of them
that is looked at again looks for a cause that has opened by then, by the same rules and with the
onset that it saw when it opened. The first that finds one takes its incident's alerts along: the
two merge under the id of the cause's, once.

An alert that opens again is another member of its incident: the axis of labels, which is behind,
may still have to look at the time in which it fired before.

Alerts on the axis of prediction time look at each other only, and alerts about errors only at what
had opened by their own time, so that it does not matter how far one axis is ahead of the other when
both are read. For the same reason alerts about settled panes and those about errors do not look at
each other.

The root is the alert that comes first in the order of causes: a fault of the data before a drift of
the data, that before a drift of the answers, that before the errors, and a loss of predictions
before one of labels; among equals the one that opened first. A broken feature makes the answers
drift and then the errors rise, never the other way round. What was deployed as the change began is
before all of them, and is named with the root.
"""

from typing import Any

import msgspec
import xxhash

from tidegauge.core.alertrecords import AlertRecord, CauseKind, Effect, Incident, Role
from tidegauge.core.config import DAY, HOUR
from tidegauge.core.improve.retrain import is_fault
from tidegauge.core.monitor.streams import ERRORS, SETTLED_TARGETS, StreamKey, Subject

JOIN_MS = HOUR
KEPT_MS = 2 * DAY
"""How long after its last alert ended an incident is remembered, beyond the label horizon."""

_FAULT, _DRIFT, _ANSWERS, _ERRORS, _SETTLED = range(5)
_FAMILY = 10
"""Ranks from one multiple of it up to the next are of one family."""
_TRAFFIC, _LABELS = _FAMILY, _FAMILY + 1
_LATENCY = 2 * _FAMILY
_AXES = {_ERRORS: "labels", _LABELS: "labels", _SETTLED: "settled"}
"""The axes of ranks that are not on the axis of prediction time."""
_RANKS = {
    Subject.FEATURE: _DRIFT,
    Subject.CATEGORIES: _DRIFT,
    Subject.CATEGORY_SHARE: _DRIFT,
    Subject.SCORE: _ANSWERS,
    Subject.POSITIVE_RATE: _ANSWERS,
    Subject.CLASS: _ANSWERS,
    Subject.PREDICTION: _ANSWERS,
    Subject.UNEXPLAINED: _ANSWERS,
    Subject.TRAFFIC: _TRAFFIC,
    Subject.LABELS: _LABELS,
    Subject.PREDICTION_AGE: _TRAFFIC,
    Subject.LABEL_AGE: _LABELS,
    Subject.LATENCY: _LATENCY,
    **dict.fromkeys(ERRORS, _ERRORS),
    **dict.fromkeys((*SETTLED_TARGETS, Subject.COVERAGE), _SETTLED),
}


class Onset(msgspec.Struct, frozen=True):
    """The event time of the predictions in which an alert saw a change begin, ms."""

    since: int
    until: int


class _Member(msgspec.Struct, array_like=True):
    """One alert of an incident."""

    fingerprint: str
    rank: int
    feature: str
    summary: str
    since: int
    until: int
    opened: int
    deployed: str
    """What was deployed as the change began that it saw, in words."""
    ended: int | None = None
    broken: bool = False
    """Whether it said as it opened that the data of its feature is broken."""


class _Group(msgspec.Struct, array_like=True):
    """One incident."""

    id: str
    members: list[_Member]


class Incidents:
    """The incidents of one model.

    Args:
        model: its name.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._groups: list[_Group] = []
        self.changed = False

    def join(self, key: StreamKey, record: AlertRecord, onset: Onset, deployed: str) -> Incident:
        """An alert opened, or is told anew.

        Args:
            key: its stream.
            record: the alert.
            onset: when the change began that it saw.
            deployed: what was deployed then, in words; empty for nothing.
        """
        print_, time, blamed = record.fingerprint, record.time_ms, _blamed(record)
        rank = _RANKS.get(key.subject, _FAULT)
        group = self._firing(print_)
        if group is None:
            summary = record.annotations["summary"]
            member = _Member(print_, rank, key.feature, summary, *_times(onset), time, deployed)
            member.broken = rank == _FAULT or is_fault(record)
            group = self._near(member, time, blamed)
            if group is None:
                content = f"{self._model}\0{print_}\0{time}"
                group = _Group(xxhash.xxh3_64_hexdigest(content.encode()), [])
                self._groups.append(group)
            group.members.append(member)
            self.changed = True
        elif all(member.rank in _AXES for member in group.members):
            group = self._merged(group, print_, time, blamed)
        return self._told(group, print_, rank, time)

    def _merged(self, group: _Group, fingerprint: str, time: int, blamed: str | None) -> _Group:
        """The incident of the cause that an alert now finds, its own included; else its own."""
        cause = self._near(_firing(group, fingerprint), time, blamed)
        if cause is None:
            return group
        cause.members += group.members
        self._groups.remove(group)
        self.changed = True
        return cause

    def end(self, fingerprint: str, time_ms: int) -> None:
        """An alert ended."""
        group = self._firing(fingerprint)
        if group is not None:
            _firing(group, fingerprint).ended = time_ms
            self.changed = True

    def moved(self, onset: Onset, time_ms: int) -> frozenset[str]:
        """The features whose own alert had opened by ``time_ms`` and fired in a time."""
        return frozenset(
            member.feature
            for group in self._groups
            for member in group.members
            if member.rank in (_FAULT, _DRIFT)
            and member.opened <= time_ms
            and _fired(member, onset)
        )

    def faults(self, fingerprint: str, time_ms: int) -> list[str]:
        """The features whose data is broken, by alerts of an alert's incident that fire."""
        group = self._firing(fingerprint)
        members = () if group is None else group.members
        return sorted(
            {
                member.feature
                for member in members
                if member.broken and member.opened <= time_ms < _end(member)
            }
        )

    def forget(self, before_ms: int) -> None:
        """Let go of incidents of which nothing has fired since ``before_ms``."""
        kept = [g for g in self._groups if any(_end(m) >= before_ms for m in g.members)]
        self.changed = self.changed or len(kept) < len(self._groups)
        self._groups = kept
        for group in kept:
            needed = [m for m in group.members if _end(m) >= before_ms or _is_told(group, m)]
            self.changed = self.changed or len(needed) < len(group.members)
            group.members = needed

    def to_state(self) -> list[Any]:
        """Plain values for msgpack."""
        self.changed = False
        return list(self._groups)

    def restore(self, state: bytes) -> None:
        """Take back what `to_state` gave, packed."""
        self._groups = msgspec.msgpack.decode(state, type=list[_Group])

    def _firing(self, fingerprint: str) -> _Group | None:
        """The incident in which an alert fires."""
        for group in self._groups:
            for member in group.members:
                if member.fingerprint == fingerprint and member.ended is None:
                    return group
        return None

    def _near(self, new: _Member, time: int, blamed: str | None) -> _Group | None:
        """The incident that an alert belongs to: of several that of which an alert opened last.

        Args:
            new: the alert; of one that has opened before only its causes are looked at.
            time: what had opened by then counts.
            blamed: the feature that it names.
        """
        onset = Onset(new.since, new.until)
        span = max(JOIN_MS, onset.until - onset.since)
        found = []
        for group in self._groups:
            for member in group.members:
                if member.opened > time or not _related(member, new, blamed):
                    continue
                if new.opened < time and member.rank in _AXES:
                    continue
                near = abs(new.since - member.since) <= span
                if near or (_may_cause(member, new, blamed) and _fired(member, onset)):
                    found.append((member.opened, group.id, group))
        return max(found, key=lambda pair: pair[:2])[2] if found else None

    def _told(self, group: _Group, fingerprint: str, rank: int, time: int) -> Incident:
        known = [m for m in group.members if m.opened <= time and _sees(rank, m.rank)]
        deployed = min(((m.opened, m.deployed) for m in known if m.deployed), default=(0, ""))[1]
        root = min(known, key=lambda m: (m.rank, m.opened, m.fingerprint))
        return Incident(
            id=group.id,
            role=Role.ROOT if root.fingerprint == fingerprint else Role.SYMPTOM,
            root=root.fingerprint,
            summary=f"{deployed}; {root.summary}" if deployed else root.summary,
        )


def _sees(rank: int, other: int) -> bool:
    """Whether an alert of one rank looks at those of another."""
    return _AXES.get(other) in (None, _AXES.get(rank))


def _related(member: _Member, new: _Member, blamed: str | None) -> bool:
    """Whether a new alert looks at another; ``blamed`` is the feature that the new one names."""
    if member.rank // _FAMILY != new.rank // _FAMILY or not _sees(new.rank, member.rank):
        return False
    if new.rank == _ERRORS and member.rank < _ANSWERS:
        return blamed in (None, member.feature)
    return True


def _may_cause(member: _Member, new: _Member, blamed: str | None) -> bool:
    """Whether an alert, while it fires, can be the cause of another."""
    if member.rank >= new.rank:
        return False
    if new.rank == _DRIFT:
        return member.feature == new.feature
    return new.rank != _ERRORS or blamed is None or member.rank < _ANSWERS


def _blamed(record: AlertRecord) -> str | None:
    """The feature that an alert names as its cause, beside what was deployed; empty for another.

    None where it cannot tell, since nothing was counted by feature.
    """
    if not any(split.kind is CauseKind.FEATURE for split in record.splits):
        return None
    causes = (cause for cause in record.causes if cause.effect is not Effect.NEW_VERSION)
    first = next(causes, None)
    return first.name if first is not None and first.kind is CauseKind.FEATURE else ""


def _times(onset: Onset) -> tuple[int, int]:
    return onset.since, onset.until


def _firing(group: _Group, fingerprint: str) -> _Member:
    """The member of an alert that fires: alerts that opened again have others, which ended."""
    return next(m for m in group.members if m.fingerprint == fingerprint and m.ended is None)


def _is_told(group: _Group, member: _Member) -> bool:
    """Whether an alert that ended can be the root, or what was deployed with it be named."""
    same = (m for m in group.members if m.fingerprint == member.fingerprint)
    return bool(member.deployed) or member is min(same, key=lambda m: m.opened)


def _end(member: _Member) -> float:
    return float("inf") if member.ended is None else member.ended


def _fired(member: _Member, onset: Onset) -> bool:
    return member.since <= onset.until and _end(member) >= onset.since
