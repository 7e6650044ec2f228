"""Joining many ordinary events at once.

Most predictions are the first of their request, and most feedback is the first of an answer that
was read before, or waits for one. These are joined by column; what is left, anything that comes
twice, corrects, or meets a packed request, is for `tidegauge.core.collect.join`. Both follow the
same rules (`tidegauge.core.collect.request`).
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tidegauge.core.collect.keyindex import NOT_FOUND, Ints
from tidegauge.core.collect.layout import ANSWERED, HEARD, LABELLED, NAMED, Rows
from tidegauge.core.collect.requests import Requests
from tidegauge.core.ledger import Ledgers
from tidegauge.core.requestkey import Keys
from tidegauge.core.stats.errorbins import Codes

Bools = npt.NDArray[np.bool_]

_ANSWER = (
    "series",
    "predicted_kind",
    "time",
    "digest",
    "predicted",
    "score",
    "position",
    "source",
    "reference",
)
_LABEL = ("label_kind", "label_time", "label_digest", "label", "offset")


class LabelledRows(NamedTuple):
    """Answers with their first labels; shape ``(n,)``."""

    records: Rows
    codes: Codes
    """Of the features that the answers were given for."""
    request_ids: Sequence[str]


class LabelledSink(Protocol):
    """Where first labels are counted."""

    def labelled(self, labelled: LabelledRows) -> None:
        """Count the labels of answers, and show them to the error detectors."""


class Ordinary:
    """The ordinary part of a join.

    Args:
        requests: what is retained.
        ledgers: the accounts to keep in step.
        sink: where labels are counted.
    """

    def __init__(self, requests: Requests, ledgers: Ledgers, sink: LabelledSink) -> None:
        self._requests = requests
        self._ledgers = ledgers
        self._sink = sink

    def answers(self, new: Rows, codes: Codes, request_ids: Sequence[str]) -> Bools:
        """Take predictions.

        Args:
            new: rows with an answer.
            codes: of their features.
            request_ids: their request ids.

        Returns:
            Which of them were taken.
        """
        rows, foremost = self._find(new)
        fresh: Bools = foremost & (rows == NOT_FOUND)
        self._requests.add(new[fresh], codes[fresh])
        for model, count in self._by_model(new[fresh]):
            self._ledgers.prediction(model, "open", count)
        known = np.flatnonzero(foremost & ~fresh)
        before = self._requests.take(rows[known])
        after = before.copy()
        for field in _ANSWER:
            after[field] = new[field][known]
        fits = (before["state"] & ~np.uint8(NAMED) == HEARD) & self._fits(after, before)
        known, before, after = known[fits], before[fits], after[fits]
        after["state"] |= ANSWERED | LABELLED
        for model, count in self._by_model(before):
            self._ledgers.feedback(model, "orphan_open", -count)
        ids = [request_ids[at] for at in known.tolist()]
        self._join(rows[known], before, LabelledRows(after, codes[known], ids))
        fresh[known] = True
        return fresh

    def feedback(self, new: Rows, first: Bools, request_ids: Sequence[str]) -> Bools:
        """Take feedback.

        Args:
            new: rows with feedback.
            first: which of it is of revision 0.
            request_ids: their request ids.

        Returns:
            Which of it was taken.
        """
        rows, foremost = self._find(new)
        foremost &= first
        fresh: Bools = foremost & (rows == NOT_FOUND)
        self._requests.add(new[fresh], np.empty((int(fresh.sum()), 0), np.uint8))
        for model, count in self._by_model(new[fresh]):
            self._ledgers.feedback(model, "orphan_open", count)
        known = np.flatnonzero(foremost & ~fresh)
        before = self._requests.take(rows[known])
        after = before.copy()
        for field in _LABEL:
            after[field] = new[field][known]
        after["state"] |= new["state"][known] | LABELLED
        fits = (before["state"] == ANSWERED) & self._fits(after, new[known])
        known, before, after = known[fits], before[fits], after[fits]
        for model, count in self._by_model(before):
            self._ledgers.prediction(model, "open", -count)
        ids = [request_ids[at] for at in known.tolist()]
        codes = self._requests.codes(rows[known])
        self._join(rows[known], before, LabelledRows(after, codes, ids))
        fresh[known] = True
        return fresh

    def _join(self, rows: Ints, before: Rows, labelled: LabelledRows) -> None:
        """Retain answers with their first labels, and count them."""
        after = labelled.records
        for model, count in self._by_model(after):
            self._ledgers.feedback(model, "joined", count)
            self._ledgers.prediction(model, "labelled", count)
            self._ledgers.of(model).labels += count
        self._sink.labelled(labelled)
        after["reference"] = 0  # codes are kept for the first label only
        self._requests.replace(rows, before, after)

    def leave(self, records: Rows, states: tuple[str, str]) -> Bools:
        """Account for ordinary requests that are let go.

        Args:
            records: rows.
            states: what an open prediction and an open orphan become.

        Returns:
            Which of the rows were accounted for.
        """
        state = records["state"] & ~np.uint8(NAMED)
        opened, waiting = state == ANSWERED, state == HEARD
        for model, count in self._by_model(records[opened]):
            self._ledgers.prediction(model, "open", -count)
            self._ledgers.prediction(model, states[0], count)
        for model, count in self._by_model(records[waiting]):
            self._ledgers.feedback(model, "orphan_open", -count)
            self._ledgers.feedback(model, states[1], count)
        accounted: Bools = opened | waiting | (state == ANSWERED | HEARD | LABELLED)
        return accounted

    def _find(self, new: Rows) -> tuple[npt.NDArray[np.int64], Bools]:
        """Where the requests are, and which events are the first of theirs."""
        keys = Keys(new["high"], new["low"])
        order = np.argsort(keys.high, kind="stable")
        first = np.ones(len(new), np.bool_)
        first[order[1:][np.diff(keys.high[order]) == 0]] = False
        return self._requests.find(keys), first

    def _fits(self, joined: Rows, feedback: Rows) -> Bools:
        """Whether the feedback of rows labels their answers (`request.in_time`).

        Args:
            joined: rows with both.
            feedback: rows of which the series is that of the feedback.
        """
        series = self._requests.series
        terms = series.terms(joined["series"])
        same = series.terms(feedback["series"]).clock == terms.clock
        unnamed = feedback["state"] & NAMED == 0
        delay = joined["label_time"] - joined["time"]
        fits: Bools = (
            (same | unnamed) & (delay >= -terms.orphan_horizon) & (delay <= terms.label_horizon)
        )
        return fits

    def _by_model(self, records: Rows) -> list[tuple[str, int]]:
        series = self._requests.series
        clocks = series.terms(records["series"]).clock
        counts = np.bincount(clocks).tolist() if len(clocks) else []
        return [(series.model(clock), count) for clock, count in enumerate(counts) if count]
