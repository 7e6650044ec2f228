"""The events of a batch by column, as far as all of them are handled alike."""

from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple

import numpy as np
import numpy.typing as npt

from tidegauge.core.collect.batch import Event
from tidegauge.core.collect.interned import Interned
from tidegauge.core.collect.layout import ANSWERED, HEARD, NAMED, ROW, Rows, code_all
from tidegauge.core.collect.state import ModelState
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.requestkey import Keys, Words, request_keys
from tidegauge.core.stats.outcomes import kept, score_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Arrivals(NamedTuple, Generic[Event]):
    """Valid events of one batch; shape ``(n,)`` each.

    ``group`` has the number of what each event has in common with others, by which ``groups`` has
    one event of each kind, in the order of arrival.
    """

    at: Ints
    """Their index in the batch."""
    events: list[Event]
    keys: Keys
    times: Ints
    """ms."""
    homes: Ints
    """The partition where each one's request is joined."""
    group: Ints
    groups: list[Event]

    def where(self, held: npt.NDArray[np.bool_]) -> "Arrivals[Event]":
        """Some of the events."""
        if held.all():
            return self
        rows = np.flatnonzero(held)
        return self._replace(
            at=self.at[rows],
            events=[self.events[row] for row in rows.tolist()],
            keys=self.keys.at(rows),
            times=self.times[rows],
            homes=self.homes[rows],
            group=self.group[rows],
        )

    def counts(self) -> list[int]:
        """How many events there are of each group."""
        found: list[int] = np.bincount(self.group, minlength=len(self.groups)).tolist()
        return found


def arrived(
    at: Sequence[int], events: list[Event], ids: Sequence[bytes], homes: Ints
) -> Arrivals[Event]:
    """Events by column.

    Args:
        at: their index in the batch.
        events: the events.
        ids: their request ids in bytes.
        homes: the partition where each one's request is joined.
    """
    numbers: dict[object, int] = {}
    numbered = [numbers.setdefault(alike, len(numbers)) for alike in _alike(events)]
    group = np.array(numbered, np.int64)
    firsts = np.unique(group, return_index=True)[1].tolist()
    seconds = np.array([event.timestamp.timestamp() for event in events], np.float64)
    times = np.rint(seconds * 1000).astype(np.int64)
    index = np.array(at, np.int64)
    groups = [events[first] for first in firsts]
    return Arrivals(index, events, request_keys(ids), times, homes, group, groups)


def _alike(events: Sequence[Prediction] | Sequence[Feedback]) -> list[object]:
    """What each event has in common with the others of its group."""
    return [
        event.model
        if isinstance(event, Feedback)
        else (
            event.model,
            event.version,
            event.code_version,
            event.data_version,
            *event.segments,
            *event.segments.values(),
        )
        for event in events
    ]


def answer_rows(
    arrivals: Arrivals[Prediction],
    digests: Words,
    series: Ints,
    positive: Sequence[str | None],
    names: Interned[str],
) -> Rows:
    """The rows of predictions.

    Args:
        arrivals: the predictions.
        digests: a hash of each one's content.
        series: the number of each group's series.
        positive: the positive class of each group's model, as it is configured.
        names: numbers of names.
    """
    events = arrivals.events
    records = np.zeros(len(events), ROW)
    records["state"] = ANSWERED
    records["series"] = series[arrivals.group]
    _identify(records, arrivals.keys)
    records["time"], records["digest"] = arrivals.times, digests
    records["predicted_kind"], records["predicted"] = code_all(
        [event.prediction for event in events], names
    )
    records["score"] = np.array([event.score for event in events], np.float64)
    for row, event in enumerate(events):
        if event.probabilities:
            told = positive[arrivals.group[row]]
            score = score_of(event.score, event.probabilities, kept(event.prediction), told)
            records["score"][row] = np.nan if score is None else score
    return records


def label_rows(
    arrivals: Arrivals[Feedback],
    digests: Words,
    order: Ints,
    series: Ints,
    names: Interned[str],
) -> Rows:
    """The rows of feedback.

    Args:
        arrivals: the feedback.
        digests: a hash of each one's content.
        order: when each arrived (`tidegauge.core.collect.arrivalorder`).
        series: the number of each group's series.
        names: numbers of names.
    """
    events = arrivals.events
    records = np.zeros(len(events), ROW)
    named = np.array([group.model is not None for group in arrivals.groups], np.bool_)
    records["state"] = np.where(named[arrivals.group], HEARD | NAMED, HEARD)
    records["series"] = series[arrivals.group]
    _identify(records, arrivals.keys)
    records["label_time"], records["label_digest"] = arrivals.times, digests
    records["offset"] = order
    records["label_kind"], records["label"] = code_all([event.label for event in events], names)
    return records


def _identify(records: Rows, keys: Keys) -> None:
    records["high"], records["low"] = keys


def by_model(
    arrivals: Arrivals[Event], models: Sequence[ModelState]
) -> Iterator[tuple[ModelState, Ints]]:
    """The rows of each model's events, in the order of arrival.

    Args:
        arrivals: the events.
        models: the model of each group.
    """
    distinct = list(dict.fromkeys(models))
    number = {model: at for at, model in enumerate(distinct)}
    of_row = np.array([number[model] for model in models], np.int64)[arrivals.group]
    for at, model in enumerate(distinct):
        rows = np.flatnonzero(of_row == at)
        if len(rows):
            yield model, rows
