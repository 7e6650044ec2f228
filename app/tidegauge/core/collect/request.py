"""What is retained of one request: its answers, its feedback, and what follows from both.

Everything here is a function of the events' own times and contents, never of the order in which
predictions and feedback happened to be read: the two topics are read in any interleaving, and the
result must not depend on it. With ``t`` a prediction's time and ``L`` a label's:

- the label is *in time* when ``-orphan_horizon <= L - t <= horizon``, where the horizon is the
  label horizon for revision 0 and the correction horizon for a higher revision;
- it is *late* when ``horizon < L - t <= retention``;
- otherwise the two are strangers, and the feedback waits as an orphan.

An answer's label is that of the highest revision in time; feedback that names the answer's model
goes before feedback that names none. What a detector is shown (the *first label*) is the label
that arrived first, whatever corrections follow.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec

from tidegauge.core.config import ModelConfig
from tidegauge.core.events import Outcome
from tidegauge.core.ledger import UNKNOWN_MODEL, Accounts
from tidegauge.core.stats.outcomes import Known

MAX_REVISIONS = 16
MAX_LINES = 16
MAX_ANSWERS = 64

Rules = Callable[[str], ModelConfig]


class Answer(msgspec.Struct, array_like=True, gc=False):
    """A retained prediction.

    ``score`` is what `tidegauge.core.stats.outcomes.score_of` says, ``segments`` alternates fields
    and values, ``steps`` are levels with their labels (`tidegauge.core.collect.labelling`);
    ``shown`` says that the error detectors have its first label. Until then ``codes`` has a byte
    for each feature (`tidegauge.core.stats.errorbins`) of the reference with the id ``reference``.
    The record of the prediction lies at ``position`` in the partition ``source`` of the topic.
    """

    model: str
    version: str
    time: int
    digest: int
    predicted: Known
    score: float | None
    segments: tuple[str, ...]
    steps: tuple[tuple[int, Known], ...] = ()
    shown: bool = False
    duplicates: int = 0
    conflicts: int = 0
    source: int = 0
    position: int = 0
    reference: str = ""
    codes: bytes = b""


class Revision(msgspec.Struct, array_like=True, gc=False):
    """One accepted feedback.

    ``offset`` tells arrivals apart and orders them (`tidegauge.core.collect.arrivalorder`).
    """

    revision: int
    time: int
    label: Outcome
    digest: int
    offset: int


class Line(msgspec.Struct, array_like=True, gc=False):
    """All feedback of one request that names one model, or none."""

    model: str | None
    revisions: list[Revision]
    duplicates: int = 0
    conflicts: int = 0
    dropped: int = 0


class Request(msgspec.Struct, array_like=True, gc=False):
    """All that is retained under one request id."""

    answers: list[Answer]
    lines: list[Line]


def horizon(revision: Revision, rules: ModelConfig) -> int:
    """How long after the prediction this revision still counts, in ms."""
    return rules.correction_horizon_ms if revision.revision else rules.label_horizon_ms


def in_time(answer: Answer, revision: Revision, rules: ModelConfig) -> bool:
    """Whether ``revision`` may label ``answer``."""
    delay = revision.time - answer.time
    return -rules.orphan_horizon_ms <= delay <= horizon(revision, rules)


def too_late(answer: Answer, revision: Revision, rules: ModelConfig) -> bool:
    """Whether ``revision`` belongs to ``answer`` but came after its horizon."""
    delay = revision.time - answer.time
    return horizon(revision, rules) < delay <= rules.retention_ms


def applicable(answer: Answer, lines: list[Line]) -> Iterator[Line]:
    """The lines that may label ``answer``, the one that names its model first."""
    for line in lines:
        if line.model == answer.model:
            yield line
    for line in lines:
        if line.model is None:
            yield line


def effective(answer: Answer, lines: list[Line], rules: ModelConfig) -> Revision | None:
    """The revision that labels ``answer`` now, or None."""
    for line in applicable(answer, lines):
        fitting = [r for r in line.revisions if in_time(answer, r, rules)]
        if fitting:
            return max(fitting, key=lambda r: r.revision)
    return None


def first_label(answer: Answer, lines: list[Line], rules: ModelConfig) -> Revision | None:
    """The revision that arrived first among those that may label ``answer``, or None."""
    fitting = [
        revision
        for line in applicable(answer, lines)
        for revision in line.revisions
        if in_time(answer, revision, rules)
    ]
    return min(fitting, key=lambda r: r.offset, default=None)


def corrected(
    answer: Answer, lines: list[Line], rules: ModelConfig, new: Revision | None
) -> Iterator[tuple[Revision, Revision, Revision]]:
    """How the label of ``answer`` changed after the first, as of each revision that came.

    Args:
        answer: the answer.
        lines: the feedback of its request.
        rules: the rules of its model.
        new: the revision that has come now, last of all; None: all of them are told.

    Yields:
        The revision that came, the one that labelled the answer so far, and the one that does now.
    """
    fitting = [
        (line.model is not None, revision)
        for line in applicable(answer, lines)
        for revision in line.revisions
        if in_time(answer, revision, rules)
    ]
    if new is not None:
        if all(revision.offset != new.offset for _, revision in fitting):
            return
        fitting.sort(key=lambda found: (found[1].offset == new.offset, found[1].offset))
    else:
        fitting.sort(key=lambda found: found[1].offset)
    best: tuple[bool, Revision] | None = None
    for named, revision in fitting:
        before, best = (
            best,
            max(
                (found for found in (best, (named, revision)) if found is not None),
                key=lambda found: (found[0], found[1].revision),
            ),
        )
        if before is not None and before[1] is not best[1] and new in (None, revision):
            yield revision, before[1], best[1]


def owner(request: Request) -> str:
    """The model in whose ledger feedback without a model stands."""
    return min((a.model for a in request.answers), default=UNKNOWN_MODEL)


def clock_of(request: Request) -> str:
    """The model by whose stream time the request expires: of several, the first by name."""
    models = [answer.model for answer in request.answers] or [
        line.model for line in request.lines if line.model
    ]
    return min(models, default=UNKNOWN_MODEL)


def answer_expires_at(answer: Answer, rules: Rules) -> int:
    """The stream time after which nothing in time can refer to this answer, in ms."""
    r = rules(answer.model)
    return answer.time + r.retention_ms + r.out_of_orderness_ms


def expires_at(request: Request, rules: Rules) -> int:
    """The stream time after which nothing in time can refer to this request, in ms."""
    moments = [answer_expires_at(answer, rules) for answer in request.answers]
    for line in request.lines:
        r = rules(line.model or owner(request))
        wait = r.orphan_horizon_ms + r.lateness_ms + r.out_of_orderness_ms
        moments += [revision.time + wait for revision in line.revisions]
    return max(moments)


def accounts(request: Request, rules: Rules, *, waiting: tuple[str, str]) -> Accounts:
    """The state of every event of this request.

    Args:
        request: the request.
        rules: the rules of each model.
        waiting: the states of an unlabelled prediction and of an orphan: ``open`` and
            ``orphan_open`` while the request is retained, others when it leaves.
    """
    predictions: Counter[tuple[str, str]] = Counter()
    labelling: set[int] = set()
    for answer in request.answers:
        chosen = effective(answer, request.lines, rules(answer.model))
        if chosen is not None:
            labelling.add(chosen.offset)
        state = waiting[0] if chosen is None else "labelled"
        predictions[answer.model, state] += 1
        predictions[answer.model, "duplicate"] += answer.duplicates
        predictions[answer.model, "conflict"] += answer.conflicts
    feedback: Counter[tuple[str, str]] = Counter()
    common = owner(request)
    for line in request.lines:
        model = line.model or common
        feedback[model, "duplicate"] += line.duplicates
        feedback[model, "conflict"] += line.conflicts
        feedback[model, "superseded"] += line.dropped
        highest = max(r.revision for r in line.revisions)
        for revision in line.revisions:
            if revision.offset in labelling:
                state = "joined"
            elif revision.revision < highest:
                state = "superseded"
            elif _is_late(revision, line, request, rules):
                state = "late"
            else:
                state = waiting[1]
            feedback[model, state] += 1
    return Accounts(predictions, feedback)


def _is_late(revision: Revision, line: Line, request: Request, rules: Rules) -> bool:
    return any(
        too_late(answer, revision, rules(answer.model))
        for answer in request.answers
        if line.model is None or line.model == answer.model
    )
