"""The join of predictions and feedback by request id, with all its rules, for one source partition.

Retained requests are kept packed (one bytes object each), which is also how they go to the
changelog: they cost no garbage collection and are encoded once. `tidegauge.core.collect.request`
says what follows from a request's events; this file reads, changes and writes requests, keeps the
ledgers in step, and says what has to be folded.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Protocol

import msgspec

from tidegauge.core.collect.labelling import changes, label_steps
from tidegauge.core.collect.pairing import Labels, changed_pairs
from tidegauge.core.collect.request import (
    MAX_ANSWERS,
    MAX_LINES,
    MAX_REVISIONS,
    Answer,
    Line,
    Request,
    Revision,
    Rules,
    accounts,
    answer_expires_at,
    expires_at,
    first_label,
    in_time,
    owner,
)
from tidegauge.core.config import ModelConfig
from tidegauge.core.ledger import UNKNOWN_MODEL, Accounts, Ledgers
from tidegauge.core.stats.outcomes import Known, kept

BUCKET_MS = 60_000
"""Requests are looked at for expiry in groups of this much stream time."""

HELD = ("open", "orphan_open")
EXPIRED = ("unlabelled", "orphan_expired")
EVICTED = ("evicted", "evicted")

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Request).decode


class Joined(Enum):
    """What became of an event in the join."""

    ACCEPTED = auto()
    DUPLICATE = auto()
    CONFLICT = auto()
    EVICTED = auto()
    """One request has more answers, or feedback for more models, than is kept."""


class LabelSink(Protocol):
    """Where the join says what a label does."""

    def level(self, delay_ms: int) -> int:
        """The level of the pane pyramid that takes a label ``delay_ms`` after its prediction."""

    def label(self, answer: Answer, level: int, label: Known, count: int) -> None:
        """Count ``answer`` with a label so many times at a level; less than 0 takes it back."""

    def first(self, answer: Answer, label: Known, time_ms: int) -> None:
        """Show the error detectors the first label of an answer, whose own time is ``time_ms``."""

    def pair(self, answers: tuple[Answer, Answer], level: int, labels: Labels, count: int) -> None:
        """Count two versions' answers with their labels so many times at a level."""


class Join:
    """The retained requests of one source partition.

    Args:
        rules: the rules of each model.
        ledgers: the accounts to keep in step.
        sink: where labels are applied and retracted.
        capacity: requests retained at most; the ones that would expire first make room.
    """

    def __init__(self, rules: Rules, ledgers: Ledgers, sink: LabelSink, capacity: int) -> None:
        self._rules = rules
        self._ledgers = ledgers
        self._sink = sink
        self._capacity = capacity
        self.requests: dict[bytes, bytes] = {}
        self.dirty: dict[bytes, bytes | None] = {}
        self._buckets: dict[str, dict[int, list[bytes]]] = {}

    def restore(self, key: bytes, packed: bytes | None) -> None:
        """Take one record of the changelog, in the order of the log."""
        if packed is None:
            self.requests.pop(key, None)
        else:
            self.requests[key] = packed

    def restored(self) -> None:
        """The changelog is read: find out when each request expires."""
        for key, packed in self.requests.items():
            self._schedule(key, _decode(packed))

    def reconsider(self, before: Mapping[str, ModelConfig]) -> None:
        """Apply changed rules to what is retained.

        Args:
            before: the rules that held so far, of each model whose rules changed.
        """

        def former(model: str) -> ModelConfig:
            return before.get(model) or self._rules(model)

        for key, packed in list(self.requests.items()):
            request = _decode(packed)
            if any(answer.model in before for answer in request.answers):
                accounted = accounts(request, former, waiting=HELD)
                self._settle(key, request, (accounted, _clock_of(request)))

    def answer(self, key: bytes, answer: Answer) -> Joined:
        """Take a prediction."""
        packed = self.requests.get(key)
        if packed is None:
            self._ledgers.prediction(answer.model, HELD[0])
            self._await_expiry(key, answer.model, answer_expires_at(answer, self._rules))
            self._store(key, Request([answer], []))
            return Joined.ACCEPTED
        request = _decode(packed)
        for known in request.answers:
            if known.model == answer.model and known.version == answer.version:
                return self._repeated(key, request, known, answer)
        if len(request.answers) >= MAX_ANSWERS:
            self._ledgers.prediction(answer.model, EVICTED[0])
            return Joined.EVICTED
        before = self._before(request)
        request.answers.append(answer)
        self._settle(key, request, before)
        return Joined.ACCEPTED

    def _repeated(self, key: bytes, request: Request, known: Answer, answer: Answer) -> Joined:
        same = known.digest == answer.digest
        if same:
            known.duplicates += 1
        else:
            known.conflicts += 1
        self._ledgers.prediction(answer.model, "duplicate" if same else "conflict")
        self._store(key, request)
        return Joined.DUPLICATE if same else Joined.CONFLICT

    def feedback(self, key: bytes, model: str | None, revision: Revision) -> Joined:
        """Take feedback on ``model``, or on any model (None)."""
        packed = self.requests.get(key)
        if packed is None:
            self._ledgers.feedback(model or UNKNOWN_MODEL, HELD[1])
            self._store(key, Request([], [Line(model, [revision])]), new=True)
            return Joined.ACCEPTED
        request = _decode(packed)
        if not request.lines and len(request.answers) == 1:
            answer = request.answers[0]
            rules = self._rules(answer.model)
            if model in (None, answer.model) and in_time(answer, revision, rules):
                self._join_alone(answer, kept(revision.label), revision.time)
                request.lines.append(Line(model, [revision]))
                self._store(key, request)
                return Joined.ACCEPTED
        before = self._before(request)
        line = next((x for x in request.lines if x.model == model), None)
        if line is None:
            if len(request.lines) >= MAX_LINES:
                self._ledgers.feedback(model or owner(request), EVICTED[1])
                return Joined.EVICTED
            request.lines.append(Line(model, [revision]))
            outcome = Joined.ACCEPTED
        else:
            outcome = _add_revision(line, revision)
        self._settle(key, request, before)
        return outcome

    def _join_alone(self, answer: Answer, label: Known, time: int) -> None:
        """The ordinary case, one answer and its first label, without general accounting."""
        level = self._sink.level(time - answer.time)
        answer.steps = ((level, label),)
        self._sink.label(answer, level, label, 1)
        self._sink.first(answer, label, time)
        answer.shown = True
        ledger = self._ledgers.of(answer.model)
        ledger.feedback_read += 1
        ledger.feedback["joined"] = ledger.feedback.get("joined", 0) + 1
        ledger.predictions["open"] -= 1
        ledger.predictions["labelled"] = ledger.predictions.get("labelled", 0) + 1
        ledger.labels += 1

    def _before(self, request: Request) -> tuple[Accounts, str]:
        """What `_settle` compares with, taken before a request changes."""
        return accounts(request, self._rules, waiting=HELD), _clock_of(request)

    def _settle(self, key: bytes, request: Request, before: tuple[Accounts, str]) -> None:
        """Bring labels and ledgers in step with a request that has changed."""
        labelled = [answer.steps for answer in request.answers]
        for answer in request.answers:
            self._relabel(answer, request.lines)
        if len(labelled) > 1:
            for one, other, was, now in changed_pairs(request.answers, labelled):
                for (level, labels), count in changes(was, now).items():
                    self._sink.pair((one, other), level, labels, count)
        accounted, clock = before
        self._ledgers.apply(accounted, -1)
        self._ledgers.apply(accounts(request, self._rules, waiting=HELD), 1)
        self._store(key, request, new=_clock_of(request) != clock)

    def _relabel(self, answer: Answer, lines: list[Line]) -> None:
        rules = self._rules(answer.model)
        steps = label_steps(answer, lines, rules, self._sink.level)
        if steps != answer.steps:
            for (level, label), count in changes(answer.steps, steps).items():
                self._sink.label(answer, level, label, count)
            # none are left only where the one revision in time was dropped for later ones
            self._ledgers.of(answer.model).labels += bool(steps) - bool(answer.steps)
            answer.steps = steps
        earliest = None if answer.shown else first_label(answer, lines, rules)
        if earliest is not None:
            self._sink.first(answer, kept(earliest.label), earliest.time)
            answer.shown = True

    def _store(self, key: bytes, request: Request, *, new: bool = False) -> None:
        if new:
            self._schedule(key, request)
        packed = _encode(request)
        self.requests[key] = packed
        self.dirty[key] = packed

    def _schedule(self, key: bytes, request: Request) -> None:
        self._await_expiry(key, _clock_of(request), expires_at(request, self._rules))

    def _await_expiry(self, key: bytes, clock: str, time: int) -> None:
        buckets = self._buckets.setdefault(clock, {})
        keys = buckets.get(time // BUCKET_MS)
        if keys is None:
            buckets[time // BUCKET_MS] = [key]
        else:
            keys.append(key)

    def changes(self) -> dict[bytes, bytes | None]:
        """The requests that changed since the last call, packed; None for those that left."""
        changed, self.dirty = self.dirty, {}
        return changed

    def expire(self, model: str, time_ms: int) -> int:
        """Let go of the requests of ``model`` that nothing can refer to at ``time_ms``."""
        buckets = self._buckets.get(model, {})
        last = time_ms // BUCKET_MS
        gone = 0
        while (bucket := min(buckets, default=last)) < last:
            for key in buckets.pop(bucket):
                gone += self._let_go(key, model, bucket, EXPIRED)
        return gone

    def shrink(self) -> int:
        """Evict what would expire first until the capacity is kept; how many requests went."""
        gone = 0
        while len(self.requests) > self._capacity:
            model, bucket = min(
                ((m, min(b)) for m, b in self._buckets.items() if b), key=lambda item: item[1]
            )
            keys = self._buckets[model][bucket]
            while keys and len(self.requests) > self._capacity:
                gone += self._let_go(keys.pop(), model, bucket, EVICTED)
            if not keys:
                del self._buckets[model][bucket]
        return gone

    def _let_go(self, key: bytes, model: str, bucket: int, states: tuple[str, str]) -> int:
        packed = self.requests.get(key)
        if packed is None:
            return 0
        request = _decode(packed)
        if _clock_of(request) != model:
            return 0  # it waits by another model's time since
        expiry = expires_at(request, self._rules)
        if expiry // BUCKET_MS > bucket:
            self._await_expiry(key, model, expiry)  # later feedback prolonged it
            return 0
        self._ledgers.apply(accounts(request, self._rules, waiting=HELD), -1)
        self._ledgers.apply(accounts(request, self._rules, waiting=states), 1)
        del self.requests[key]
        self.dirty[key] = None
        return 1


def _clock_of(request: Request) -> str:
    """The model by whose stream time the request expires: of several, the first by name."""
    models = [answer.model for answer in request.answers] or [
        line.model for line in request.lines if line.model
    ]
    return min(models, default=UNKNOWN_MODEL)


def _add_revision(line: Line, revision: Revision) -> Joined:
    for known in line.revisions:
        if known.revision == revision.revision:
            if known.digest == revision.digest:
                line.duplicates += 1
                return Joined.DUPLICATE
            line.conflicts += 1
            return Joined.CONFLICT
    line.revisions.append(revision)
    if len(line.revisions) > MAX_REVISIONS:
        line.revisions.remove(min(line.revisions, key=lambda r: r.revision))
        line.dropped += 1
    return Joined.ACCEPTED
