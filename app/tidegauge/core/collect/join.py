"""The join of predictions and feedback by request id, with all its rules, for one source partition.

`tidegauge.core.collect.request` says what follows from a request's events; this file reads,
changes and writes single requests, keeps the ledgers in step, and says what has to be folded.
What comes in large numbers and needs none of the finer rules goes by another way, many events at
once (`tidegauge.core.collect.ordinary`).
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple, Protocol

from tidegauge.core.collect.arrivalorder import FORWARDED
from tidegauge.core.collect.keyindex import Ints
from tidegauge.core.collect.labelling import changes, label_steps
from tidegauge.core.collect.ordinary import LabelledSink, Ordinary
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
    corrected,
    first_label,
    owner,
)
from tidegauge.core.collect.requests import Found, Requests
from tidegauge.core.config import ModelConfig
from tidegauge.core.ledger import UNKNOWN_MODEL, Accounts, Ledgers
from tidegauge.core.stats.outcomes import Known, kept

EVICTED_SHARE = 100
"""One in so many requests is evicted at once where there are too many."""

HELD = ("open", "orphan_open")
EXPIRED = ("unlabelled", "orphan_expired")
EVICTED = ("evicted", "evicted")


class _News(NamedTuple):
    """What changed a request: an event of this request id, and the feedback, if it was that."""

    request_id: str | None = None
    """None where no event did."""
    revision: Revision | None = None


_NO_NEWS = _News()


class Joined(Enum):
    """What became of an event in the join."""

    ACCEPTED = auto()
    DUPLICATE = auto()
    CONFLICT = auto()
    EVICTED = auto()
    """One request has more answers, or feedback for more models, than is kept."""


class LabelSink(LabelledSink, Protocol):
    """Where the join says what a label does."""

    def level(self, delay_ms: int) -> int:
        """The level of the pane pyramid that takes a label ``delay_ms`` after its prediction."""

    def label(self, answer: Answer, level: int, label: Known, count: int) -> None:
        """Count ``answer`` with a label so many times at a level; less than 0 takes it back."""

    def first(self, answer: Answer, label: Known, time_ms: int, request_id: str | None) -> None:
        """Show the error detectors the first label of an answer, whose own time is ``time_ms``."""

    def corrected(self, answer: Answer, labels: Labels, first_ms: int, time_ms: int) -> None:
        """The label of an answer that the detectors were shown has changed.

        Args:
            answer: the answer.
            labels: what it was, and what it is now.
            first_ms: the own time of its first label.
            time_ms: the own time of the label that changed it.
        """

    def heard(self, model: str, time_ms: int) -> None:
        """A label of ``model`` with this own time came from the log of this partition."""

    def pair(self, answers: tuple[Answer, Answer], level: int, labels: Labels, count: int) -> None:
        """Count two versions' answers with their labels so many times at a level."""


class Join:
    """The retained requests of one source partition.

    Args:
        rules: the rules of each model.
        ledgers: the accounts to keep in step.
        sink: where labels are applied and retracted.
        requests: what is retained.
        capacity: requests retained at most; the ones that would expire first make room.
    """

    def __init__(
        self, rules: Rules, ledgers: Ledgers, sink: LabelSink, requests: Requests, capacity: int
    ) -> None:
        self._rules = rules
        self._ledgers = ledgers
        self._sink = sink
        self._capacity = capacity
        self.requests = requests
        self.ordinary = Ordinary(requests, ledgers, sink)

    def reconsider(self, before: Mapping[str, ModelConfig]) -> None:
        """Apply changed rules to what is retained.

        Args:
            before: the rules that held so far, of each model whose rules changed.
        """

        def former(model: str) -> ModelConfig:
            return before.get(model) or self._rules(model)

        for row in self.requests.rows().tolist():
            key, request = self.requests.keyed(row)
            if any(answer.model in before for answer in request.answers):
                accounted = accounts(request, former, waiting=HELD)
                self._settle(key, Found(row, request), accounted)

    def answer(self, key: bytes, answer: Answer, request_id: str) -> Joined:
        """Take a prediction; ``key`` is its request's (`tidegauge.core.requestkey`)."""
        found = self.requests.get(key)
        if found is None:
            self._ledgers.prediction(answer.model, HELD[0])
            self.requests.put(key, Request([answer], []), None)
            return Joined.ACCEPTED
        request = found.request
        for known in request.answers:
            if (known.model, known.version) == (answer.model, answer.version):
                return self._answered_again(key, found, known, answer)
        if len(request.answers) >= MAX_ANSWERS:
            self._ledgers.prediction(answer.model, EVICTED[0])
            return Joined.EVICTED
        before = accounts(request, self._rules, waiting=HELD)
        request.answers.append(answer)
        self._settle(key, found, before, _News(request_id))
        return Joined.ACCEPTED

    def _answered_again(self, key: bytes, found: Found, known: Answer, answer: Answer) -> Joined:
        same = known.digest == answer.digest
        if same:
            known.duplicates += 1
        else:
            known.conflicts += 1
        self._ledgers.prediction(answer.model, "duplicate" if same else "conflict")
        self.requests.put(key, found.request, found.row)
        return Joined.DUPLICATE if same else Joined.CONFLICT

    def feedback(
        self, key: bytes, model: str | None, revision: Revision, request_id: str
    ) -> Joined:
        """Take feedback on ``model``, or on any model (None)."""
        found = self.requests.get(key)
        if found is None:
            self._ledgers.feedback(model or UNKNOWN_MODEL, HELD[1])
            self.requests.put(key, Request([], [Line(model, [revision])]), None)
            return Joined.ACCEPTED
        request = found.request
        before = accounts(request, self._rules, waiting=HELD)
        line = next((x for x in request.lines if x.model == model), None)
        if line is None:
            if len(request.lines) >= MAX_LINES:
                self._ledgers.feedback(model or owner(request), EVICTED[1])
                return Joined.EVICTED
            request.lines.append(Line(model, [revision]))
            outcome = Joined.ACCEPTED
        else:
            outcome = _add_revision(line, revision)
        new = _News(request_id, revision if outcome is Joined.ACCEPTED else None)
        self._settle(key, found, before, new)
        return outcome

    def _settle(self, key: bytes, found: Found, before: Accounts, new: _News = _NO_NEWS) -> None:
        """Bring labels and ledgers in step with a request that has changed.

        Args:
            key: its key.
            found: the request as it is now.
            before: what was accounted for.
            new: what changed it.
        """
        request = found.request
        labelled = [answer.steps for answer in request.answers]
        for answer in request.answers:
            self._relabel(answer, request.lines, new)
        if len(labelled) > 1:
            for one, other, was, now in changed_pairs(request.answers, labelled):
                for (level, labels), count in changes(was, now).items():
                    self._sink.pair((one, other), level, labels, count)
        self._ledgers.apply(before, -1)
        self._ledgers.apply(accounts(request, self._rules, waiting=HELD), 1)
        self.requests.put(key, request, found.row)

    def _relabel(self, answer: Answer, lines: list[Line], new: _News) -> None:
        rules = self._rules(answer.model)
        steps = label_steps(answer, lines, rules, self._sink.level)
        if steps != answer.steps:
            for (level, label), count in changes(answer.steps, steps).items():
                self._sink.label(answer, level, label, count)
            # none are left only where the one revision in time was dropped for later ones
            self._ledgers.of(answer.model).labels += bool(steps) - bool(answer.steps)
            answer.steps = steps
        earliest = first_label(answer, lines, rules)
        if earliest is None:
            return
        if new.revision is not None or not answer.shown:
            told = new.revision if answer.shown else None
            for revision, was, now in corrected(answer, lines, rules, told):
                labels = kept(was.label), kept(now.label)
                self._sink.corrected(answer, labels, earliest.time, revision.time)
        if not answer.shown:
            if not earliest.offset & FORWARDED:
                self._sink.heard(answer.model, earliest.time)
            self._sink.first(answer, kept(earliest.label), earliest.time, new.request_id)
            answer.shown = True
            answer.reference, answer.codes = "", b""  # kept for the first label only

    def expire(self, times: Mapping[str, int]) -> int:
        """Let go of the requests that nothing can refer to any more; how many went.

        Args:
            times: the stream time of each model, ms.
        """
        return self._let_go(self.requests.due(times), EXPIRED)

    def shrink(self) -> int:
        """Keep the capacity: evict what would expire first; how many requests went."""
        over = len(self.requests) - self._capacity
        if over <= 0:
            return 0
        # finding the first looks at all, so some room is made for what comes next
        return self._let_go(self.requests.first(over + self._capacity // EVICTED_SHARE), EVICTED)

    def _let_go(self, rows: Ints, states: tuple[str, str]) -> int:
        if not len(rows):
            return 0
        records = self.requests.take(rows)
        accounted = self.ordinary.leave(records, states)
        for row in rows[~accounted].tolist():
            request = self.requests.request(row)
            self._ledgers.apply(accounts(request, self._rules, waiting=HELD), -1)
            self._ledgers.apply(accounts(request, self._rules, waiting=states), 1)
        self.requests.remove(rows, records)
        return len(rows)


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
