"""The collect stage of one source partition: check, join, fold.

A pure machine: it is given batches of decoded events with the times they were appended, and is
asked at each commit what changed. Nothing here reads a clock, and nothing depends on where one
batch ends and the next begins.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from tidegauge.core.collect.arrivals import Arrivals, answer_rows, arrived, by_model, label_rows
from tidegauge.core.collect.batch import Batch, Event, Refusal, Refused
from tidegauge.core.collect.counting import Counting
from tidegauge.core.collect.fold import BatchFold, Deltas
from tidegauge.core.collect.join import Join, Joined
from tidegauge.core.collect.layout import Series
from tidegauge.core.collect.misplaced import Home
from tidegauge.core.collect.ordinaryrow import answer_of
from tidegauge.core.collect.refused import (
    conflicting_feedback,
    conflicting_prediction,
    from_the_future,
)
from tidegauge.core.collect.request import Revision
from tidegauge.core.collect.requestlog import NAMES, REQUESTS, SERIES
from tidegauge.core.collect.requests import Requests
from tidegauge.core.collect.state import CollectState, ModelState
from tidegauge.core.config import CoreConfig
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.ledger import UNKNOWN_MODEL, ModelLedger
from tidegauge.core.panes import level_of
from tidegauge.core.partial import Partial, Progress
from tidegauge.core.partitioner import Partitioner
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.streamtime import NEVER, Evidence, bound

Kind = Literal["prediction", "feedback"]

SAMPLES_PER_PARTIAL = 500
_OF_REQUESTS = frozenset({REQUESTS, SERIES, NAMES})


class Collect:
    """One source partition.

    Args:
        config: the rules.
        source: the number of this partition.
        partitions: how many partitions the input topics have.
        partitioner: ``murmur2`` or ``crc32``: which partition is an event's home.
    """

    def __init__(
        self, config: CoreConfig, source: int, partitions: int, partitioner: Partitioner = "murmur2"
    ) -> None:
        self._config = config
        self._source = source
        self._home = Home(source, partitions, partitioner)
        self.state = CollectState(config)
        self.requests = Requests(config.model, lambda delay: level_of(delay, config.panes))
        self._fold = BatchFold(config.panes, self.state.models, self.requests)
        self.join = Join(
            config.model, self.state.ledgers, self._fold, self.requests, config.limits.open_requests
        )
        self._counting = Counting(config, self.state, self._fold)
        self._deltas: dict[str, Deltas] = {}
        self._seen: set[str] = set()
        self._last_seen: frozenset[str] = frozenset()
        self.predictions_complete = NEVER
        self.feedback_complete = NEVER

    def predictions(self, batch: Batch[Prediction], complete_until: int) -> Refused:
        """Take predictions; the log is then complete up to the append time ``complete_until``."""
        refused: Refused = []
        arrivals = self._arrivals(batch, refused, "prediction")
        if len(arrivals.events):
            self._predict(batch, arrivals, refused)
        self.predictions_complete = max(self.predictions_complete, complete_until)
        for name in self._seen:
            model = self.state.models[name]
            model.predictions.observe(model.newest_prediction, batch.appends[-1])
        self._finish_batch(batch.appends)
        return sorted(refused, key=lambda pair: pair[0])

    def _predict(
        self, batch: Batch[Prediction], arrivals: Arrivals[Prediction], refused: Refused
    ) -> None:
        models = [
            self.state.model(event.model, count)
            for event, count in zip(arrivals.groups, arrivals.counts(), strict=True)
        ]
        arrivals = self._past(batch, arrivals, models, refused, "prediction")
        arrivals = self._timely(arrivals, models)
        series = [
            self.requests.series.number(_series(event, model, count))
            for event, model, count in zip(arrivals.groups, models, arrivals.counts(), strict=True)
        ]
        digests = np.array(batch.digests, np.uint64)[arrivals.at]
        positive = [model.rules.positive_class for model in models]
        records = answer_rows(
            arrivals, digests, np.array(series, np.int64), positive, self.requests.names
        )
        accepted = self.join.ordinary.answers(records)
        others = np.flatnonzero(~accepted)
        for row, key in zip(others.tolist(), arrivals.keys.at(others).to_bytes(), strict=True):
            number = series[arrivals.group[row]]
            told = self.requests.series.series(number)
            answer = answer_of(records[row], told, self.requests.names)
            joined = self.join.answer(key, answer)
            accepted[row] = joined is Joined.ACCEPTED
            if joined is Joined.CONFLICT:
                event = arrivals.events[row]
                refused.append((int(arrivals.at[row]), conflicting_prediction(event)))
        self._counting.count(arrivals.where(accepted), records[accepted], models)

    def _timely(
        self, arrivals: Arrivals[Prediction], models: Sequence[ModelState]
    ) -> Arrivals[Prediction]:
        """Those that are not late; how far each model's event time has come follows from them."""
        timely = np.ones(len(arrivals.at), np.bool_)
        for model, rows in by_model(arrivals, models):
            times = arrivals.times[rows]
            newest = np.maximum.accumulate(np.append(model.newest_prediction, times))
            late = times < newest[:-1] - model.rules.lateness_ms
            timely[rows] = ~late
            if late.any():
                self.state.ledgers.prediction(model.name, "late", int(late.sum()))
            if not late.all():
                model.newest_prediction = int(newest[-1])
                self._seen.add(model.name)
        return arrivals.where(timely)

    def feedback(self, batch: Batch[Feedback], complete_until: int) -> Refused:
        """Take feedback; the log is then complete up to the append time ``complete_until``."""
        refused: Refused = []
        arrivals = self._arrivals(batch, refused, "feedback")
        if len(arrivals.events):
            self._learn(batch, arrivals, refused)
        self.feedback_complete = max(self.feedback_complete, complete_until)
        for name in self._seen:
            model = self.state.models[name]
            model.feedback.observe(model.newest_feedback, batch.appends[-1])
        self._finish_batch(batch.appends)
        return sorted(refused, key=lambda pair: pair[0])

    def _learn(
        self, batch: Batch[Feedback], arrivals: Arrivals[Feedback], refused: Refused
    ) -> None:
        models = [
            self.state.model(event.model or UNKNOWN_MODEL, count)
            for event, count in zip(arrivals.groups, arrivals.counts(), strict=True)
        ]
        arrivals = self._past(batch, arrivals, models, refused, "feedback")
        for model, rows in by_model(arrivals, models):
            newest = int(arrivals.times[rows].max())
            model.newest_feedback = max(model.newest_feedback, newest)
            self._seen.add(model.name)
        series = [self.requests.series.number(Series(model.name, None, ())) for model in models]
        digests = np.array(batch.digests, np.uint64)[arrivals.at]
        offsets = np.array(batch.offsets, np.int64)[arrivals.at]
        records = label_rows(
            arrivals, digests, offsets, np.array(series, np.int64), self.requests.names
        )
        first = np.array([event.revision == 0 for event in arrivals.events], np.bool_)
        taken = self.join.ordinary.feedback(records, first)
        others = np.flatnonzero(~taken)
        for row, key in zip(others.tolist(), arrivals.keys.at(others).to_bytes(), strict=True):
            event = arrivals.events[row]
            revision = Revision(
                event.revision,
                int(arrivals.times[row]),
                event.label,
                int(digests[row]),
                int(offsets[row]),
            )
            name = models[arrivals.group[row]].name if event.model else None
            if self.join.feedback(key, name, revision) is Joined.CONFLICT:
                refused.append((int(arrivals.at[row]), conflicting_feedback(event)))

    def tick(self, predictions_complete: int, feedback_complete: int) -> None:
        """Nothing came, and the logs are complete up to these append times."""
        self.predictions_complete = max(self.predictions_complete, predictions_complete)
        self.feedback_complete = max(self.feedback_complete, feedback_complete)
        self._expire()

    def behind(self) -> Literal["predictions", "feedback"] | None:
        """The topic that is behind in event time; reading it first keeps the state small.

        Models may be far apart in event time, so each is compared with itself, and of those in the
        last batch the one that is furthest apart decides.
        """
        models = (self.state.models[name] for name in self._last_seen)
        apart = max((m.predictions.time - m.feedback.time for m in models), key=abs, default=0)
        if apart == 0:
            return None
        return "predictions" if apart < 0 else "feedback"

    def complete_until(self) -> int:
        """The append time up to which both logs have been read, in ms."""
        return min(self.predictions_complete, self.feedback_complete)

    def adopt(self, profile: ReferenceProfile) -> None:
        """A reference profile was announced."""
        if self.state.adopt(profile):
            self._counting.sampler.stop(profile.model, profile.version)

    # ---------------------------------------------------------------- checks

    def _arrivals(self, batch: Batch[Event], refused: Refused, kind: Kind) -> Arrivals[Event]:
        """The events that could be decoded and are at home; what is refused is accounted for."""
        at: list[int] = []
        events: list[Event] = []
        for index, event in enumerate(batch.events):
            if isinstance(event, Refusal):
                self._refuse(kind, self._told(event.model), "invalid")
                refused.append((index, event))
            else:
                at.append(index)
                events.append(event)
        ids = [event.request_id.encode() for event in events]
        keys = [batch.keys[index] for index in at] if refused else batch.keys
        astray = self._home.astray(ids, keys)
        for row in astray.tolist():
            event, key = events[row], keys[row]
            self._refuse(kind, self.state.model(event.model or UNKNOWN_MODEL).name, "misplaced")
            refused.append((at[row], self._home.refusal(event.request_id, key, event.model)))
        if len(astray):
            away = set(astray.tolist())
            stay = [row for row in range(len(events)) if row not in away]
            at, ids = [at[row] for row in stay], [ids[row] for row in stay]
            events = [events[row] for row in stay]
        return arrived(at, events, ids)

    def _past(
        self,
        batch: Batch[Event],
        arrivals: Arrivals[Event],
        models: Sequence[ModelState],
        refused: Refused,
        kind: Kind,
    ) -> Arrivals[Event]:
        """The events whose time is not too far ahead; what is refused is accounted for."""
        appends = np.array(batch.appends, np.int64)[arrivals.at]
        ahead = np.array([model.rules.max_future_ms for model in models], np.int64)
        future = arrivals.times > appends + ahead[arrivals.group]
        for row in np.flatnonzero(future).tolist():
            self._refuse(kind, models[arrivals.group[row]].name, "invalid")
            refusal = from_the_future(arrivals.events[row], int(appends[row]))
            refused.append((int(arrivals.at[row]), refusal))
        return arrivals.where(~future)

    def _refuse(self, kind: Kind, model: str, state: str) -> None:
        ledgers = self.state.ledgers
        (ledgers.prediction if kind == "prediction" else ledgers.feedback)(model, state)

    def _told(self, model: str | None) -> str:
        return UNKNOWN_MODEL if model is None else self.state.model(model).name

    # ---------------------------------------------------------------- batches and commits

    def _finish_batch(self, appends: Sequence[int]) -> None:
        models = self.state.models
        seen = self._seen.union(self._fold.newest_labels)
        if seen:
            self._last_seen = frozenset(seen - {UNKNOWN_MODEL} or seen)
        unknown = self.state.model(UNKNOWN_MODEL).feedback
        for name, time in self._fold.newest_labels.items():
            models[name].newest_feedback = max(models[name].newest_feedback, time)
            # a label that was waiting was appended to its own log, maybe after these predictions
            append = max(appends[-1], unknown.last_append)
            models[name].feedback.observe(models[name].newest_feedback, append)
        self._take_folded()
        self.state.touched |= self._seen
        self._seen.clear()
        self._expire()
        self.join.shrink()
        self.requests.tidy()

    def _take_folded(self) -> None:
        for name, deltas in self._fold.finish(self.state.profiles).items():
            self._deltas.setdefault(name, Deltas()).add(deltas)

    def _expire(self) -> None:
        skew = self._config.publication_skew_ms
        earliest = self.complete_until() - skew
        times = {name: self._expiry_time(m, skew) for name, m in self.state.models.items()}
        heard = [times[name] for name in self._heard_lately()]
        if heard and UNKNOWN_MODEL in times:
            times[UNKNOWN_MODEL] = min(heard)
        self.join.expire({name: time for name, time in times.items() if time > NEVER})
        for model in self.state.models.values():
            model.predictions.forget_before(earliest)
            model.feedback.forget_before(earliest)

    def _heard_lately(self) -> Iterator[str]:
        """The models whose predictions may be what feedback that names no model waits for.

        It waits for the slowest of them, since models may be far apart in event time (one is
        replayed, others are live), but not for those that have ended.
        """
        since = self.complete_until() - self._config.default.orphan_horizon_ms
        for name, model in self.state.models.items():
            last = max(model.predictions.last_append, model.feedback.last_append)
            if name != UNKNOWN_MODEL and last > NEVER and last >= since:
                yield name

    def _expiry_time(self, model: ModelState, skew: int) -> int:
        """The event time that both topics have passed for ``model``, as far as is known.

        Feedback that names no model is no evidence for any: one model may lag behind the others.
        """
        predictions = bound(
            model.predictions.time, Evidence([model.feedback]), self.predictions_complete, skew
        )
        heard = Evidence([model.predictions])
        feedback = bound(model.feedback.time, heard, self.feedback_complete, skew)
        return min(predictions, feedback)

    def progress(self) -> Partial:
        """How far this partition has come; it goes after `partials`, for it holds with them."""
        return Partial(
            self._source, "", Progress(self.predictions_complete, self.feedback_complete)
        )

    def _progress(self, model: ModelState) -> Progress:
        """How far this partition has come in the events of one model."""
        return Progress(
            predictions_time=model.predictions.time,
            predictions_append=model.predictions.last_append,
            feedback_time=model.feedback.time,
            feedback_append=model.feedback.last_append,
        )

    def partials(self) -> list[Partial]:
        """What changed since the last call, by model in the order of their names."""
        changed = self.state.touched | self.state.ledgers.changed | set(self._deltas)
        samples = self._counting.sampler.take()
        partials = []
        for name in sorted(changed):
            deltas = self._deltas.get(name, Deltas())
            rows = samples.get(name, [])
            model = self.state.model(name)
            partials.append(
                Partial(
                    self._source,
                    name,
                    self._progress(model),
                    self.state.ledgers.by_model.get(name, ModelLedger()),
                    [(list(key), sums.to_wire()) for key, sums in deltas.slots.items()],
                    [(list(key), first.to_wire()) for key, first in deltas.outcomes.items()],
                    rows[:SAMPLES_PER_PARTIAL],
                    model.sightings.take(),
                )
            )
            for first in range(SAMPLES_PER_PARTIAL, len(rows), SAMPLES_PER_PARTIAL):
                more = rows[first : first + SAMPLES_PER_PARTIAL]
                partials.append(Partial(self._source, name, self._progress(model), samples=more))
        self._deltas = {}
        return partials

    @property
    def dirty(self) -> int:
        """How many changelog records the next commit writes, about."""
        return self.requests.changed.count

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one changelog record, in the order of the log."""
        if key[:1] in _OF_REQUESTS:
            self.requests.restore(key, value)
        elif value is not None:
            self.state.restore(key, value)

    def restored(self) -> None:
        """The changelog is read; horizons that have changed apply to what is retained."""
        self.requests.restored()
        if changed := self.state.changed_terms():
            self.join.reconsider(changed)
            self._take_folded()
            self.state.touched |= changed.keys()

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """The changelog records of what changed since the last call (ask `partials` first)."""
        return self.requests.changes() + self.state.changes()


def _series(event: Prediction, model: ModelState, events: int) -> Series:
    """The series of an event, and of others like it."""
    # of a model over the limit, only its name tells its versions apart
    version = event.version if model.name == event.model else f"{event.model}/{event.version}"
    return Series(model.name, version, model.names.segments(event.segments, events))
