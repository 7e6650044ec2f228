"""What a batch is checked for before it is joined: readable, of the past, in time, at home."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tidegauge.core.collect.arrivals import Arrivals, Ints, arrived, by_model
from tidegauge.core.collect.batch import Batch, Event, Refusal, Refused
from tidegauge.core.collect.forwarding import Away, Forwarding, Kind
from tidegauge.core.collect.refused import from_the_future
from tidegauge.core.collect.state import CollectState, ModelState
from tidegauge.core.events import Prediction
from tidegauge.core.ledger import UNKNOWN_MODEL
from tidegauge.core.partitioner import Partitioner, partitions_for


class Home(NamedTuple):
    """The partition that reads events, among how many, and the rule that places them."""

    partition: int
    partitions: int
    partitioner: Partitioner

    def of(self, ids: Sequence[bytes]) -> Ints:
        """The home of each request id."""
        return partitions_for(ids, self.partitions, self.partitioner)


class Checks:
    """Accounts for the events that are not joined here, and says what is to be done with them.

    Args:
        state: the models and ledgers.
        home: tells which events are at home.
        forwarding: counts those that are not.
    """

    def __init__(self, state: CollectState, home: Home, forwarding: Forwarding) -> None:
        self._state = state
        self._home = home
        self._forwarding = forwarding

    def decoded(self, batch: Batch[Event], refused: Refused, kind: Kind) -> Arrivals[Event]:
        """The events that could be decoded."""
        at: list[int] = []
        events: list[Event] = []
        for index, event in enumerate(batch.events):
            if isinstance(event, Refusal):
                told = None if event.model is None else self._state.model(event.model).name
                self._count(kind, told or UNKNOWN_MODEL, "invalid")
                refused.append((index, event))
            else:
                at.append(index)
                events.append(event)
        ids = [event.request_id.encode() for event in events]
        return arrived(at, events, ids, self._home.of(ids))

    def models(self, arrivals: Arrivals[Event]) -> list[ModelState]:
        """The model of each group."""
        return [
            self._state.model(event.model or UNKNOWN_MODEL, count)
            for event, count in zip(arrivals.groups, arrivals.counts(), strict=True)
        ]

    def past(
        self,
        batch: Batch[Event],
        arrivals: Arrivals[Event],
        models: Sequence[ModelState],
        refused: Refused,
        kind: Kind,
    ) -> Arrivals[Event]:
        """The events whose time is not too far ahead."""
        appends = np.array(batch.appends, np.int64)[arrivals.at]
        ahead = np.array([model.rules.max_future_ms for model in models], np.int64)
        future = arrivals.times > appends + ahead[arrivals.group]
        for row in np.flatnonzero(future).tolist():
            self._count(kind, models[arrivals.group[row]].name, "invalid")
            refusal = from_the_future(arrivals.events[row], int(appends[row]))
            refused.append((int(arrivals.at[row]), refusal))
        return arrivals.where(~future)

    def timely(
        self, arrivals: Arrivals[Prediction], models: Sequence[ModelState]
    ) -> Arrivals[Prediction]:
        """Those that are not late; how far each model's event time has come follows from them."""
        timely = np.ones(len(arrivals.at), np.bool_)
        for model, rows in by_model(arrivals, models):
            times = arrivals.times[rows]
            newest = np.maximum.accumulate(np.append(model.newest_prediction, times))
            late = times < newest[:-1] - model.rules.lateness_ms
            timely[rows] = ~late
            model.newest_prediction = int(newest[-1])
            if late.any():
                self._count("prediction", model.name, "late", int(late.sum()))
        return arrivals.where(timely)

    def here(
        self, arrivals: Arrivals[Event], models: Sequence[ModelState], away: list[Away], kind: Kind
    ) -> Arrivals[Event]:
        """The events that are at home; the others are to be sent there."""
        home = arrivals.homes == self._home.partition
        if home.all():
            return arrivals
        sent = arrivals.where(~home)
        for model, rows in by_model(sent, models):
            self._count(kind, model.name, "forwarded", len(rows))
        for at, event, to in zip(sent.at.tolist(), sent.events, sent.homes.tolist(), strict=True):
            away.append(Away(at, to, event.request_id.encode()))
        homes, counts = np.unique(sent.homes, return_counts=True)
        self._forwarding.send(dict(zip(homes.tolist(), counts.tolist(), strict=True)))
        return arrivals.where(home)

    def _count(self, kind: Kind, model: str, state: str, events: int = 1) -> None:
        ledgers = self._state.ledgers
        (ledgers.prediction if kind == "prediction" else ledgers.feedback)(model, state, events)
