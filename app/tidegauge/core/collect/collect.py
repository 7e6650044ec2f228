"""The collect stage of one source partition: check, forward, join, fold.

A pure machine: it is given batches of decoded events with the times they were appended, and is
asked at each commit what changed. Nothing here reads a clock, and nothing depends on where one
batch ends and the next begins.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import numpy as np

from tidegauge.core.collect.arrivalorder import arrival_order
from tidegauge.core.collect.arrivals import Arrivals, answer_rows, by_model, label_rows
from tidegauge.core.collect.batch import Batch, Event, Refused, Taken
from tidegauge.core.collect.binning import bin_arrivals
from tidegauge.core.collect.checks import Checks, Home
from tidegauge.core.collect.counting import Accepted, Counting
from tidegauge.core.collect.expirytimes import ExpiryTimes
from tidegauge.core.collect.fold import BatchFold, Deltas
from tidegauge.core.collect.forwarding import FORWARDING, Forwarding, Kind, SourceMark
from tidegauge.core.collect.join import Join, Joined
from tidegauge.core.collect.layout import Rows, Series
from tidegauge.core.collect.ordinaryrow import answer_of
from tidegauge.core.collect.refused import conflicting_feedback, conflicting_prediction
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
from tidegauge.core.stats.errorbins import without_filler
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.streamtime import NEVER

PREDICTION: Final[Kind] = "prediction"
FEEDBACK: Final[Kind] = "feedback"

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
        self.state = CollectState(config)
        self.forwarding = Forwarding(source, partitions, config.panes[0].width_ms // 2)
        home = Home(source, partitions, partitioner)
        self._checks = Checks(self.state, home, self.forwarding)
        self._expiry = ExpiryTimes(config, self.state, self.forwarding)
        self.requests = Requests(config.model, lambda delay: level_of(delay, config.panes))
        self._fold = BatchFold(config.panes, self.state.models, self.requests)
        self.join = Join(
            config.model, self.state.ledgers, self._fold, self.requests, config.limits.open_requests
        )
        self._counting = Counting(config, self.state, self._fold, self.requests.names)
        self._deltas: dict[str, Deltas] = {}
        self._seen: set[str] = set()
        self._last_seen: frozenset[str] = frozenset()

    def predictions(self, batch: Batch[Prediction], complete_until: int) -> Taken:
        """Take predictions; the log is then complete up to the append time ``complete_until``."""
        taken = Taken([], [])
        arrivals = self._checks.decoded(batch, taken.refused, PREDICTION)
        if len(arrivals.events):
            models = self._checks.models(arrivals)
            arrivals = self._checks.past(batch, arrivals, models, taken.refused, PREDICTION)
            arrivals = self._checks.timely(arrivals, models)
            for model in _present(arrivals, models):
                model.predictions.observe(model.newest_prediction, batch.appends[-1])
                self._seen.add(model.name)
            arrivals = self._checks.here(arrivals, models, taken.away, PREDICTION)
            self._predict(batch, arrivals, models, taken.refused)
        self._expiry.complete(complete_until, NEVER)
        self._finish_batch(batch.appends)
        return taken.in_order()

    def _predict(
        self,
        batch: Batch[Prediction],
        arrivals: Arrivals[Prediction],
        models: Sequence[ModelState],
        refused: Refused,
    ) -> None:
        series = [
            self.requests.series.number(_series(event, model, count))
            for event, model, count in zip(arrivals.groups, models, arrivals.counts(), strict=True)
        ]
        digests = np.array(batch.digests, np.uint64)[arrivals.at]
        positive = [model.rules.positive_class for model in models]
        records = answer_rows(
            arrivals, digests, np.array(series, np.int64), positive, self.requests.names
        )
        binned = bin_arrivals(arrivals, models, self.state.profiles, self._config.panes[0].width_ms)
        for reference, part in binned.parts.items():
            records["reference"][part.rows] = self.requests.names.number(reference) + 1
        self._place(records, arrivals, batch)
        ids = [event.request_id for event in arrivals.events]
        accepted = self.join.ordinary.answers(records, binned.codes, ids)
        others = np.flatnonzero(~accepted)
        for row, key in zip(others.tolist(), arrivals.keys.at(others).to_bytes(), strict=True):
            number = series[arrivals.group[row]]
            told = self.requests.series.series(number)
            codes = without_filler(binned.codes[row])
            answer = answer_of(records[row], codes, told, self.requests.names)
            joined = self.join.answer(key, answer, ids[row])
            accepted[row] = joined is Joined.ACCEPTED
            if joined is Joined.CONFLICT:
                event = arrivals.events[row]
                refused.append((int(arrivals.at[row]), conflicting_prediction(event)))
        taken = Accepted(arrivals.where(accepted), np.flatnonzero(accepted))
        self._counting.count(taken, records[accepted], models, binned)

    def _place(
        self, records: Rows, arrivals: Arrivals[Prediction], batch: Batch[Prediction]
    ) -> None:
        """Keep where the records of predictions lie."""
        records["position"] = np.array(batch.offsets, np.int64)[arrivals.at]
        sources = self._source if batch.sources is None else np.array(batch.sources)[arrivals.at]
        records["source"] = sources

    def feedback(self, batch: Batch[Feedback], complete_until: int) -> Taken:
        """Take feedback; the log is then complete up to the append time ``complete_until``."""
        taken = Taken([], [])
        arrivals = self._checks.decoded(batch, taken.refused, FEEDBACK)
        if len(arrivals.events):
            models = self._checks.models(arrivals)
            arrivals = self._checks.past(batch, arrivals, models, taken.refused, FEEDBACK)
            for model, rows in by_model(arrivals, models):
                newest = int(arrivals.times[rows].max())
                model.newest_feedback = max(model.newest_feedback, newest)
                model.feedback.observe(model.newest_feedback, batch.appends[-1])
                self._seen.add(model.name)
            arrivals = self._checks.here(arrivals, models, taken.away, FEEDBACK)
            self._learn(batch, arrivals, models, taken.refused)
        self._expiry.complete(NEVER, complete_until)
        self._finish_batch(batch.appends)
        return taken.in_order()

    def _learn(
        self,
        batch: Batch[Feedback],
        arrivals: Arrivals[Feedback],
        models: Sequence[ModelState],
        refused: Refused,
    ) -> None:
        series = [self.requests.series.number(Series(model.name, None, ())) for model in models]
        digests = np.array(batch.digests, np.uint64)[arrivals.at]
        order = arrival_order(batch.appends, batch.offsets, batch.sources)[arrivals.at]
        records = label_rows(
            arrivals, digests, order, np.array(series, np.int64), self.requests.names
        )
        first = np.array([event.revision == 0 for event in arrivals.events], np.bool_)
        ids = [event.request_id for event in arrivals.events]
        taken = self.join.ordinary.feedback(records, first, ids)
        others = np.flatnonzero(~taken)
        for row, key in zip(others.tolist(), arrivals.keys.at(others).to_bytes(), strict=True):
            event = arrivals.events[row]
            revision = Revision(
                event.revision,
                int(arrivals.times[row]),
                event.label,
                int(digests[row]),
                int(order[row]),
            )
            name = models[arrivals.group[row]].name if event.model else None
            if self.join.feedback(key, name, revision, ids[row]) is Joined.CONFLICT:
                refused.append((int(arrivals.at[row]), conflicting_feedback(event)))

    def forwarded(
        self,
        predictions: Batch[Prediction],
        feedback: Batch[Feedback],
        marks: Sequence[SourceMark],
    ) -> tuple[Refused, Refused]:
        """Take what other partitions sent, and what they say of themselves after that.

        The events were checked where they were read, and belong to the logs there: they say
        nothing about how far event time has come in those of this partition.

        Returns:
            What is refused of both.
        """
        refused: tuple[Refused, Refused] = ([], [])
        answers = self._checks.decoded(predictions, refused[0], PREDICTION)
        if len(answers.events):
            models = self._checks.models(answers)
            for model, rows in by_model(answers, models):
                model.begun = max(model.begun, int(answers.times[rows].max()))
            self._predict(predictions, answers, models, refused[0])
        labels = self._checks.decoded(feedback, refused[1], FEEDBACK)
        if len(labels.events):
            self._learn(feedback, labels, self._checks.models(labels), refused[1])
        for mark in marks:
            self.forwarding.take(mark)
        self._finish_batch([])
        if marks:
            self._expire()
        return refused

    def tick(self, predictions_complete: int, feedback_complete: int) -> None:
        """Nothing came, and the logs are complete up to these append times."""
        self._expiry.complete(predictions_complete, feedback_complete)
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
        return self._expiry.complete_until()

    def adopt(self, profile: ReferenceProfile) -> None:
        """A reference profile was announced."""
        if self.state.adopt(profile):
            self._counting.sampler.stop(profile.model, profile.version)

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
            append = max([*appends[-1:], unknown.last_append])
            models[name].feedback.observe(models[name].newest_feedback, append)
        self._take_folded()
        self.state.touched |= self._seen
        self._seen.clear()
        if self._expiry.moved(self._last_seen):
            self._expire()
        self.join.shrink()
        self.requests.tidy()

    def _take_folded(self) -> None:
        for name, deltas in self._fold.finish(self.state.profiles).items():
            self._deltas.setdefault(name, Deltas()).add(deltas)

    def _expire(self) -> None:
        self.join.expire(self._expiry.times())
        self._expiry.forget()

    def progress(self) -> Partial:
        """How far this partition has come; it goes after `partials`, for it holds with them."""
        return Partial(
            self._source,
            "",
            Progress(self._expiry.predictions_complete, self._expiry.feedback_complete),
            sent=dict(self.forwarding.sent),
            received=self.forwarding.received,
        )

    def mark(self, recipient: int) -> SourceMark:
        """How far this partition has come, for another; it goes after the events sent to it."""
        return self._expiry.mark(self._source, recipient)

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
        examples = self._counting.examples.take()
        partials = []
        for name in sorted(changed):
            deltas = self._deltas.get(name, Deltas())
            model = self.state.model(name)
            partials.append(
                Partial(
                    self._source,
                    name,
                    self._progress(model),
                    self.state.ledgers.by_model.get(name, ModelLedger()),
                    [(list(key), sums.to_wire()) for key, sums in deltas.slots.items()],
                    [(list(key), first.to_wire()) for key, first in deltas.outcomes.items()],
                    samples.get(name, []),
                    model.sightings.take(),
                    corrections=[
                        (*key, change.to_wire()) for key, change in deltas.corrections.items()
                    ],
                    examples=examples.get(name, []),
                )
            )
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
        elif value is not None and key[:1] == FORWARDING:
            self.forwarding.restore(key, value)
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
        return self.requests.changes() + self.state.changes() + self.forwarding.changes()


def _present(arrivals: Arrivals[Event], models: Sequence[ModelState]) -> Iterator[ModelState]:
    """The models that have events."""
    return (models[group] for group in np.unique(arrivals.group).tolist())


def _series(event: Prediction, model: ModelState, events: int) -> Series:
    """The series of an event, and of others like it."""
    # of a model over the limit, only its name tells its versions apart
    version = event.version if model.name == event.model else f"{event.model}/{event.version}"
    return Series(model.name, version, model.names.segments(event.segments, events))
