"""The collect stage as the shell runs it: bytes in, partials and dead letters out."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from aiokafka import ConsumerRecord

from tidegauge.core.collect.batch import Batch, Refusal, Refused, Taken
from tidegauge.core.collect.collect import FEEDBACK, PREDICTION, Collect
from tidegauge.core.collect.forwarding import Kind
from tidegauge.core.collect.forwarding import encode as encode_mark
from tidegauge.core.collect.refusals import RefusalGate
from tidegauge.core.config import CoreConfig
from tidegauge.core.deadletters import DeadLetterRecord
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.partial import Partial, pieces
from tidegauge.core.partitioner import Partitioner, partition_for
from tidegauge.core.reasons import Reason
from tidegauge.core.streamtime import NEVER
from tidegauge.settings.kafka import TopicNames
from tidegauge.wire.dead_letters import encode_dead_letter, encode_summary
from tidegauge.wire.events import (
    InvalidEvent,
    content_digests,
    decode_feedbacks,
    decode_predictions,
    named_model,
)
from tidegauge.worker.forwarded import pack, unpack
from tidegauge.worker.references import told_reference
from tidegauge.worker.stage import Chunk, Output, Snapshot

PROGRESS_MS = 2_000
"""Partitions of partials that hear nothing else of a source hear so often how far it has come."""

Event = TypeVar("Event", Prediction, Feedback)


@dataclass(frozen=True, slots=True)
class CollectTopics:
    """Topic names, and how many partitions the ones that are written to have."""

    predictions: str
    feedback: str
    forwarded: str
    partials: str
    dead_letters: str
    counts: Mapping[str, int]

    @classmethod
    def of(cls, names: TopicNames, counts: Mapping[str, int]) -> Self:
        """Those of a deployment."""
        return cls(
            names.predictions,
            names.feedback,
            names.forwarded,
            names.partials,
            names.dead_letters,
            counts,
        )


class CollectStage:
    """One source partition.

    Args:
        config: the core's rules.
        topics: names and partition counts.
        partition: the source partition.
        partitioner: what defines an event's home.
        refused: where refusals are counted, by topic and reason; the stages of a worker share one,
            since what it counts must not fall when a partition goes.
    """

    def __init__(
        self,
        config: CoreConfig,
        topics: CollectTopics,
        partition: int,
        partitioner: Partitioner,
        refused: Counter[tuple[str, str]] | None = None,
    ) -> None:
        self._topics = topics
        self._partition = partition
        sources = topics.counts[topics.predictions]
        self._partials = topics.counts[topics.partials]
        self.core = Collect(config, partition, sources, partitioner)
        self._limit = config.limits.dead_letters_per_minute
        self._refused = Counter() if refused is None else refused
        self.gates: dict[tuple[str, int], RefusalGate] = {}
        """By the topic and the partition that records were published to."""
        self._outputs: list[Output] = []
        self._told: dict[int, int] = {}
        self._marked: dict[int, tuple[int, int]] = {}
        """How many events each recipient was sent, and the completeness it was told."""
        self._received: dict[int, int] = {}

    # ---------------------------------------------------------------- the shell's protocol

    def restore(self, key: bytes, value: bytes | None) -> None:
        """See `tidegauge.worker.stage.Stage`."""
        self.core.restore(key, value)

    def restored(self) -> None:
        """See `tidegauge.worker.stage.Stage`."""
        self.core.restored()

    def process(self, chunk: Chunk) -> None:
        """See `tidegauge.worker.stage.Stage`."""
        complete = chunk.complete_until_ms or NEVER
        topics = self._topics
        if chunk.topic == topics.forwarded:
            self._take_forwarded(chunk)
        elif chunk.topic == topics.predictions:
            batch = _batch(chunk.records, decode_predictions)
            self._settle(chunk, PREDICTION, self.core.predictions(batch, complete))
        else:
            feedback = _batch(chunk.records, decode_feedbacks)
            self._settle(chunk, FEEDBACK, self.core.feedback(feedback, complete))

    def _settle(self, chunk: Chunk, kind: Kind, taken: Taken) -> None:
        self._refuse(chunk.records, taken.refused)
        for at, home, key in taken.away:
            value = pack(chunk.records[at], kind)
            self._outputs.append(Output(self._topics.forwarded, home, key, value))

    def _take_forwarded(self, chunk: Chunk) -> None:
        topics = {PREDICTION: self._topics.predictions, FEEDBACK: self._topics.feedback}
        predictions, feedback, marks = unpack(chunk.records, topics)
        refused = self.core.forwarded(
            _batch(predictions, decode_predictions, [r.partition for r in predictions]),
            _batch(feedback, decode_feedbacks, [r.partition for r in feedback]),
            marks,
        )
        self._refuse(predictions, refused[0])
        self._refuse(feedback, refused[1])

    def tick(self, complete_until_ms: Mapping[str, int]) -> None:
        """See `tidegauge.worker.stage.Stage`."""
        self.core.tick(
            complete_until_ms[self._topics.predictions] or NEVER,
            complete_until_ms[self._topics.feedback] or NEVER,
        )

    def broadcast(self, key: bytes, value: bytes | None) -> None:
        """See `tidegauge.worker.stage.Stage`: reference profiles."""
        profile = None if value is None else told_reference(key, value)
        if profile is not None:
            self.core.adopt(profile)

    def preferred(self) -> str | None:
        """See `tidegauge.worker.stage.Stage`."""
        match self.core.behind():
            case "predictions":
                return self._topics.predictions
            case "feedback":
                return self._topics.feedback
            case None:
                return None

    def snapshot(self) -> Snapshot:
        """See `tidegauge.worker.stage.Stage`."""
        outputs, self._outputs = self._outputs, []
        partials = self.core.partials()
        homes = [partition_for(p.model.encode(), self._partials) for p in partials]
        for home, partial in zip(homes, partials, strict=True):
            outputs += self._partial(home, partial)
        outputs += [self._mark(recipient) for recipient in self._unmarked()]
        for partition in sorted({*homes, *self._uninformed()}):
            outputs += self._partial(partition, self.core.progress())
            self._told[partition] = self.core.complete_until()
        self._received = self.core.forwarding.received
        for gate in self.gates.values():
            for summary in gate.summaries():
                key, value = encode_summary(summary)
                outputs.append(Output(self._topics.dead_letters, self._partition, key, value))
        return Snapshot(self.core.changes(), outputs)

    @property
    def dirty(self) -> int:
        """See `tidegauge.worker.stage.Stage`."""
        due = len(self._uninformed()) + len(self._unmarked())
        return self.core.dirty + len(self._outputs) + due

    # ---------------------------------------------------------------- for the metrics

    def folded(self) -> list[tuple[tuple[str, str], int]]:
        """What was over a limit, by model and kind of limit."""
        return [
            ((name, kind), count)
            for name, model in list(self.core.state.models.items())
            for kind, count in list(model.names.catalog.folded.items())
        ]

    # ---------------------------------------------------------------- outputs

    def _partial(self, partition: int, partial: Partial) -> Iterator[Output]:
        key = partial.model.encode()
        for piece in pieces(partial):
            yield Output(self._topics.partials, partition, key, piece)

    def _mark(self, recipient: int) -> Output:
        """How far this source has come, for another; it goes after the events sent to it."""
        mark = self.core.mark(recipient)
        self._marked[recipient] = mark.sent, mark.complete_until
        return Output(self._topics.forwarded, recipient, None, encode_mark(mark))

    def _unmarked(self) -> list[int]:
        """The source partitions that do not know of the last event sent, or long heard nothing.

        Those that nothing was ever sent to hear the more seldom the more there are.
        """
        complete = self.core.complete_until()
        forwarding = self.core.forwarding
        found = []
        for other in forwarding.others:
            sent = forwarding.sent.get(other, 0)
            told_sent, told = self._marked.get(other, (0, NEVER))
            patience = PROGRESS_MS * (1 if sent else len(forwarding.others))
            if sent != told_sent or (complete - told >= patience and complete > NEVER):
                found.append(other)
        return found

    def _uninformed(self) -> list[int]:
        """The partitions of partials that are to hear how far this source has come.

        They have long heard nothing, or wait for what other sources sent here.
        """
        complete = self.core.complete_until()
        received = self._received != self.core.forwarding.received
        return [
            partition
            for partition in range(self._partials)
            if received
            or (complete - self._told.get(partition, NEVER) >= PROGRESS_MS and complete > NEVER)
        ]

    def _refuse(self, records: Sequence[ConsumerRecord], refused: Refused) -> None:
        for index, refusal in refused:
            record = records[index]
            where = record.topic, record.partition
            self._refused[record.topic, refusal.reason.value] += 1
            if where not in self.gates:
                self.gates[where] = RefusalGate(*where, self._limit)
            if self.gates[where].passes(refusal.reason, record.offset, record.timestamp):
                letter = dead_letter(record, refusal)
                key, value = encode_dead_letter(letter)
                self._outputs.append(Output(self._topics.dead_letters, self._partition, key, value))


def dead_letter(record: ConsumerRecord, refusal: Refusal) -> DeadLetterRecord:
    """The dead letter of a refused record."""
    return DeadLetterRecord.of(
        reason=refusal.reason,
        message=refusal.message,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value,
        model=refusal.model,
    )


def poison_letter(topic: str) -> Callable[[ConsumerRecord, str], Output]:
    """How a record that an operator set aside becomes a dead letter in ``topic``."""

    def write(record: ConsumerRecord, message: str) -> Output:
        letter = dead_letter(record, Refusal(Reason.POISON, message))
        key, value = encode_dead_letter(letter)
        return Output(topic, record.partition, key, value)

    return write


def _batch(
    records: Sequence[ConsumerRecord],
    decode: Callable[[list[bytes | None]], list[Event | InvalidEvent]],
    sources: Sequence[int] | None = None,
) -> Batch[Event]:
    values = [record.value for record in records]
    events: list[Event | Refusal] = []
    valid: list[Event] = []
    for value, event in zip(values, decode(values), strict=True):
        if isinstance(event, InvalidEvent):
            events.append(Refusal(event.reason, event.message, named_model(value)))
        else:
            events.append(event)
            valid.append(event)
    digests = iter(content_digests(valid))
    return Batch(
        events,
        [record.offset for record in records],
        [record.timestamp for record in records],
        [0 if isinstance(event, Refusal) else next(digests) for event in events],
        sources,
    )
