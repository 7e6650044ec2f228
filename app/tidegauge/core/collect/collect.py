"""The collect stage of one source partition: check, join, fold.

A pure machine: it is given batches of decoded events with the times they were appended, and is
asked at each commit what changed. Nothing here reads a clock, and nothing depends on where one
batch ends and the next begins.
"""

from collections.abc import Iterator, Sequence
from typing import Generic, Literal, NamedTuple, TypeVar

from tidegauge.core.collect.fold import BatchFold, Deltas
from tidegauge.core.collect.join import Join, Joined
from tidegauge.core.collect.request import Answer, Revision
from tidegauge.core.collect.sampling import Sampler
from tidegauge.core.collect.state import CollectState, ModelState
from tidegauge.core.config import CoreConfig
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.ledger import UNKNOWN_MODEL, ModelLedger
from tidegauge.core.panes import pane_start
from tidegauge.core.partial import Partial, Progress
from tidegauge.core.partitioner import Partitioner, partitions_for
from tidegauge.core.reasons import Reason
from tidegauge.core.stats.outcomes import kept, score_of
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.streamtime import NEVER, Evidence, bound

Event = TypeVar("Event", Prediction, Feedback)

REQUESTS = b"r"
"""First byte of the changelog keys of retained requests."""

SAMPLES_PER_PARTIAL = 500


class Refusal(NamedTuple):
    """Why a record is not accepted; ``model`` is None where it cannot be told."""

    reason: Reason
    message: str
    model: str | None = None


class Batch(NamedTuple, Generic[Event]):
    """Consecutive records of one topic of the partition, as columns of equal length.

    ``events`` holds the decoded event or the refusal of a record that could not be decoded,
    ``digests`` a hash of an event's content, ``appends`` the broker's append times in ms.
    """

    events: Sequence[Event | Refusal]
    keys: Sequence[bytes | None]
    offsets: Sequence[int]
    appends: Sequence[int]
    digests: Sequence[int]


Refused = list[tuple[int, Refusal]]
"""Refused records: their index in the batch and why."""


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
        self._partitions = partitions
        self._partitioner = partitioner
        self.state = CollectState(config)
        self._fold = BatchFold(config.panes, self.state.models)
        self.join = Join(config.model, self.state.ledgers, self._fold, config.limits.open_requests)
        self._sampler = Sampler()
        self._deltas: dict[str, Deltas] = {}
        self._seen: set[str] = set()
        self._last_seen: frozenset[str] = frozenset()
        self.predictions_complete = NEVER
        self.feedback_complete = NEVER

    def predictions(self, batch: Batch[Prediction], complete_until: int) -> Refused:
        """Take predictions; the log is then complete up to the append time ``complete_until``."""
        refused: Refused = []
        homes = self._homes(batch.keys)
        for index, event in enumerate(batch.events):
            if isinstance(event, Refusal):
                self.state.ledgers.prediction(self._told(event.model), "invalid")
                refused.append((index, event))
                continue
            model = self.state.model(event.model)
            key = batch.keys[index]
            if key is None or homes[index] != self._source or key != event.request_id.encode():
                self.state.ledgers.prediction(model.name, "misplaced")
                refused.append((index, self._misplaced(key, event, homes[index])))
                continue
            refusal = self._predict(model, key, event, batch.appends[index], batch.digests[index])
            if refusal is not None:
                refused.append((index, refusal))
        self.predictions_complete = max(self.predictions_complete, complete_until)
        for name in self._seen:
            model = self.state.models[name]
            model.predictions.observe(model.newest_prediction, batch.appends[-1])
        self._finish_batch(batch.appends)
        return refused

    def _predict(
        self, model: ModelState, key: bytes, event: Prediction, append: int, digest: int
    ) -> Refusal | None:
        time = round(event.timestamp.timestamp() * 1000)
        rules = model.rules
        if time > append + rules.max_future_ms:
            self.state.ledgers.prediction(model.name, "invalid")
            return _from_the_future(event, append)
        if time < model.newest_prediction - rules.lateness_ms:
            self.state.ledgers.prediction(model.name, "late")
            return None
        model.newest_prediction = max(model.newest_prediction, time)
        self._seen.add(model.name)
        predicted = kept(event.prediction)
        answer = Answer(
            model.name,
            event.version if model.name == event.model else f"{event.model}/{event.version}",
            time,
            digest,
            predicted,
            score_of(event.score, event.probabilities, predicted, rules.positive_class),
            model.names.segments(event.segments),
        )
        joined = self.join.answer(key, answer)
        if joined is Joined.ACCEPTED:
            self._count(model, key, answer, event)
        elif joined is Joined.CONFLICT:
            return Refusal(
                Reason.CONFLICT_PREDICTION,
                f"the prediction of model {event.model!r} version {event.version!r} for request "
                f"{event.request_id!r} differs from an earlier one, which counts; "
                "publish each answer once, and give a new answer a new request id",
                event.model,
            )
        return None

    def _count(self, model: ModelState, key: bytes, answer: Answer, event: Prediction) -> None:
        version = model.names.version(answer.version)
        self._fold.prediction(answer, event.latency_seconds)
        if not event.features.keys() <= model.names.features:
            model.names.take_features(set(event.features))
        start = pane_start(answer.time, self._config.panes[0].width_ms)
        reference = model.reference_at(version, start)
        if event.features:
            self._fold.features(answer, version, start, event.features, reference)
        if version not in model.references:
            self._sampler.offer(key, answer, version, event, start=start, rules=model.rules)
        code, data = event.code_version or "", event.data_version or ""
        if not model.sightings.note(version, code, data, answer.time):
            model.names.count("deployments")

    def feedback(self, batch: Batch[Feedback], complete_until: int) -> Refused:
        """Take feedback; the log is then complete up to the append time ``complete_until``."""
        refused: Refused = []
        homes = self._homes(batch.keys)
        for index, event in enumerate(batch.events):
            if isinstance(event, Refusal):
                self.state.ledgers.feedback(self._told(event.model), "invalid")
                refused.append((index, event))
                continue
            model = self.state.model(event.model or UNKNOWN_MODEL)
            key = batch.keys[index]
            if key is None or homes[index] != self._source or key != event.request_id.encode():
                self.state.ledgers.feedback(model.name, "misplaced")
                refused.append((index, self._misplaced(key, event, homes[index])))
                continue
            time = round(event.timestamp.timestamp() * 1000)
            revision = Revision(
                event.revision, time, event.label, batch.digests[index], batch.offsets[index]
            )
            refusal = self._learn(model, key, event, revision, batch.appends[index])
            if refusal is not None:
                refused.append((index, refusal))
        self.feedback_complete = max(self.feedback_complete, complete_until)
        for name in self._seen:
            model = self.state.models[name]
            model.feedback.observe(model.newest_feedback, batch.appends[-1])
        self._finish_batch(batch.appends)
        return refused

    def _learn(
        self, model: ModelState, key: bytes, event: Feedback, revision: Revision, append: int
    ) -> Refusal | None:
        if revision.time > append + model.rules.max_future_ms:
            self.state.ledgers.feedback(model.name, "invalid")
            return _from_the_future(event, append)
        model.newest_feedback = max(model.newest_feedback, revision.time)
        self._seen.add(model.name)
        joined = self.join.feedback(key, model.name if event.model else None, revision)
        if joined is Joined.CONFLICT:
            return Refusal(
                Reason.CONFLICT_FEEDBACK,
                f"feedback for request {event.request_id!r} revision {event.revision} differs "
                "from an earlier one, which counts; to correct a label publish it with a higher "
                "revision",
                event.model,
            )
        return None

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
            self._sampler.stop(profile.model, profile.version)

    # ---------------------------------------------------------------- checks

    def _homes(self, keys: Sequence[bytes | None]) -> list[int]:
        homes: list[int] = partitions_for(keys, self._partitions, self._partitioner).tolist()
        return homes

    def _told(self, model: str | None) -> str:
        return UNKNOWN_MODEL if model is None else self.state.model(model).name

    def _misplaced(self, key: bytes | None, event: Prediction | Feedback, home: int) -> Refusal:
        """Why an event is not joined although it is valid."""
        if key is None:
            return Refusal(
                Reason.NULL_KEY,
                "the record has no key; publish it with the request id as key, so that "
                "predictions and feedback of one request meet in one partition",
                event.model,
            )
        if key != event.request_id.encode():
            return Refusal(
                Reason.KEY_MISMATCH,
                f"the record's key is not its request id {event.request_id!r}; use the request "
                "id as key",
                event.model,
            )
        return Refusal(
            Reason.WRONG_PARTITION,
            f"request {event.request_id!r} belongs in partition {home} of "
            f"{self._partitions} by {self._partitioner}, but lies in {self._source}; set the "
            f"producer's partitioner to {self._partitioner} (librdkafka: "
            "partitioner=murmur2_random), or the setting join.partitioner to the producers'",
            event.model,
        )

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
        for name, time in times.items():
            if time > NEVER:
                self.join.expire(name, time)
            model = self.state.models[name]
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
        samples = self._sampler.take()
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
        return len(self.join.dirty)

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one changelog record, in the order of the log."""
        if key[:1] == REQUESTS:
            self.join.restore(key[1:], value)
        elif value is not None:
            self.state.restore(key, value)

    def restored(self) -> None:
        """The changelog is read; horizons that have changed apply to what is retained."""
        self.join.restored()
        if changed := self.state.changed_terms():
            self.join.reconsider(changed)
            self._take_folded()
            self.state.touched |= changed.keys()

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """The changelog records of what changed since the last call (ask `partials` first)."""
        requests = [(REQUESTS + key, packed) for key, packed in self.join.changes().items()]
        return requests + self.state.changes()


def _from_the_future(event: Prediction | Feedback, append: int) -> Refusal:
    ahead = event.timestamp.timestamp() - append / 1000
    return Refusal(
        Reason.FUTURE_TIMESTAMP,
        f"timestamp {event.timestamp.isoformat()} is {ahead:.0f} s ahead of the time the record "
        "was appended; check the producer's clock and time zone (setting time.max_future)",
        event.model,
    )
