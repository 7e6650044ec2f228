"""One ordinary request as a row, and back."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tidegauge.core.collect.interned import Interned
from tidegauge.core.collect.layout import ANSWERED, HEARD, LABELLED, NAMED, ROW, Series, code, known
from tidegauge.core.collect.request import Answer, Line, Request, Revision, clock_of
from tidegauge.core.stats.outcomes import Known, kept

LevelOf = Callable[[int], int]
"""The level of the pane pyramid that takes a label so many ms after its prediction."""

_NAN = float("nan")
_STATE, _PREDICTED_KIND, _LABEL_KIND, _TIME, _DIGEST, _PREDICTED, _SCORE = map(
    ROW.names.index,  # type: ignore[union-attr]
    ("state", "predicted_kind", "label_kind", "time", "digest", "predicted", "score"),
)
_POSITION, _SOURCE, _REFERENCE = map(
    ROW.names.index,  # type: ignore[union-attr]
    ("position", "source", "reference"),
)
_LABEL_TIME, _LABEL_DIGEST, _LABEL, _OFFSET = map(
    ROW.names.index,  # type: ignore[union-attr]
    ("label_time", "label_digest", "label", "offset"),
)


class Row(NamedTuple):
    """The fields of a row that say what the request is, in the order of the layout."""

    state: int
    series: Series
    predicted: tuple[int, int] = (0, 0)
    """Kind and value."""
    time: int = 0
    digest: int = 0
    score: float = _NAN
    label: tuple[int, int] = (0, 0)
    label_time: int = 0
    label_digest: int = 0
    offset: int = 0
    position: int = 0
    source: int = 0
    reference: int = 0
    codes: bytes = b""
    """Not in the row but beside it."""


def row_of(request: Request, names: Interned[str]) -> Row | None:
    """The row of a request, or None where it is not an ordinary one."""
    if len(request.answers) > 1 or len(request.lines) > 1:
        return None
    answer = request.answers[0] if request.answers else None
    line = request.lines[0] if request.lines else None
    if line is not None and not _is_first(line):
        return None
    if answer is not None and not _is_simple(answer, line):
        return None
    state, series = 0, Series(clock_of(request), None, ())
    predicted = label = (0, 0)
    time = digest = heard = label_digest = offset = 0
    score = _NAN
    place, codes = (0, 0, 0), b""
    if answer is not None:
        state |= ANSWERED | (LABELLED if answer.steps else 0)
        series = Series(answer.model, answer.version, answer.segments)
        predicted = code(answer.predicted, names)
        time, digest = answer.time, answer.digest
        score = _NAN if answer.score is None else answer.score
        reference = names.number(answer.reference) + 1 if answer.reference else 0
        place, codes = (answer.position, answer.source, reference), answer.codes
    if line is not None:
        state |= HEARD | (0 if line.model is None else NAMED)
        (revision,) = line.revisions
        label = code(kept(revision.label), names)
        heard, label_digest, offset = revision.time, revision.digest, revision.offset
    labelled = (label, heard, label_digest, offset)
    return Row(state, series, predicted, time, digest, score, *labelled, *place, codes)


def _is_first(line: Line) -> bool:
    again = line.duplicates or line.conflicts or line.dropped
    return not again and len(line.revisions) == 1 and line.revisions[0].revision == 0


def _is_simple(answer: Answer, line: Line | None) -> bool:
    if answer.duplicates or answer.conflicts or answer.shown != bool(answer.steps):
        return False
    if line is None:
        return not answer.steps
    return line.model in (None, answer.model)


def request_of(
    record: np.void, codes: bytes, series: Series, names: Interned[str], level_of: LevelOf
) -> Request:
    """The request that a row and the codes beside it hold; the inverse of `row_of`."""
    fields = record.item()
    state = fields[_STATE]
    lines: list[Line] = []
    steps: tuple[tuple[int, Known], ...] = ()
    if state & HEARD:
        truth = known(fields[_LABEL_KIND], fields[_LABEL], names)
        heard = fields[_LABEL_TIME]
        revision = Revision(0, heard, truth, fields[_LABEL_DIGEST], fields[_OFFSET])
        lines.append(Line(series.model if state & NAMED else None, [revision]))
        if state & LABELLED:
            steps = ((level_of(heard - fields[_TIME]), truth),)
    if not state & ANSWERED:
        return Request([], lines)
    answer = answer_of(record, codes, series, names)
    answer.steps, answer.shown = steps, bool(steps)
    return Request([answer], lines)


def answer_of(record: np.void, codes: bytes, series: Series, names: Interned[str]) -> Answer:
    """The answer that a row and the codes beside it hold, as it was before it had a label."""
    fields = record.item()
    score, reference = fields[_SCORE], fields[_REFERENCE]
    return Answer(
        series.model,
        series.version or "",
        fields[_TIME],
        fields[_DIGEST],
        known(fields[_PREDICTED_KIND], fields[_PREDICTED], names),
        None if math.isnan(score) else score,
        series.segments,
        source=fields[_SOURCE],
        position=fields[_POSITION],
        reference=names.value(reference - 1) if reference else "",
        codes=codes if reference else b"",
    )
