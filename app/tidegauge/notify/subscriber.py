"""One target's own subscription: its consumer group, its thread, its position.

Each target reads the topic by itself, so one that fails or hangs holds up none of the others, and
each has its position where ordinary lag tools see it. The position is committed after each event
that was told: after a crash at most one event of a partition is told twice, under the same id.

When partitions are assigned, what the target was told before is read back from the topic (up to the
committed position), so that it is known what fires, and a repetition is recognised. Several
notifiers share the partitions; what fires is repeated by the one that has its partition.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Event, Thread

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import CommitFailedError, KafkaError
from kafka.structs import OffsetAndMetadata

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.kafka.client import Connection, client_options
from tidegauge.notify.courier import Courier
from tidegauge.wire.alerts import cloud_event, decode_alert
from tidegauge.wire.public import InvalidRecord

log = logging.getLogger(__name__)

MAX_QUEUE = 50
"""Records fetched and not yet told, at most; the others wait in the topic."""
_POLL_SECONDS = 0.5
_RECONNECT_SECONDS = 5.0
_SESSION_MS = 10_000
"""After so long another notifier takes over from one that has died."""


class Subscriber:
    """Reads the alerts topic for one target, in a thread of its own.

    Args:
        connection: the cluster.
        topic: the alerts topic.
        group: the target's consumer group.
        start: where to begin without a position: ``latest`` or ``earliest``.
        courier: who tells the target.
        ended: called when the thread ends, with the exception that ended it, if one did.
    """

    def __init__(
        self,
        connection: Connection,
        topic: str,
        group: str,
        *,
        start: str,
        courier: Courier,
        ended: Callable[[BaseException | None], None],
    ) -> None:
        self._connection = connection
        self._topic = topic
        self._group = group
        self._begin = start
        self._courier = courier
        self._ended = ended
        self._stop = Event()
        self._queue: list[ConsumerRecord] = []
        self._current: ConsumerRecord | None = None
        """The record that is being told."""
        self._fresh: set[TopicPartition] = set()
        """Partitions whose past is to be read first."""
        self._thread = Thread(target=self._run, name=f"notify {courier.status.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; an attempt that is under way is not waited for here."""
        self._stop.set()

    def join(self, seconds: float) -> bool:
        """Wait until it has ended; whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._subscribe()
                except KafkaError as error:
                    log.warning(
                        "event=kafka_failed target=%s error=%r", self._courier.status.name, error
                    )
                self._let_go()
                self._stop.wait(_RECONNECT_SECONDS)
        except BaseException as error:
            self._ended(error)
            raise
        self._ended(None)

    def _let_go(self) -> None:
        """What is not told is read again after the next assignment."""
        self._queue, self._fresh, self._current = [], set(), None
        self._courier.forget()
        self._courier.status.ready = False

    def _subscribe(self) -> None:
        consumer = KafkaConsumer(
            **client_options(self._connection),
            client_id="tidegauge-notify",
            group_id=self._group,
            auto_offset_reset=self._begin,
            isolation_level="read_committed",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            max_poll_records=MAX_QUEUE,
            session_timeout_ms=_SESSION_MS,
        )
        try:
            consumer.subscribe([self._topic], listener=_Listener(self, consumer))
            while not self._stop.is_set():
                self._turn(consumer)
        finally:
            consumer.close(autocommit=False)

    def _turn(self, consumer: KafkaConsumer) -> None:
        """Tell what is due, then fetch, or only stay in the group while something is to be told."""
        due = self._courier.work()
        self._finish(consumer)
        if self._current is None and self._queue:
            self._current = self._queue.pop(0)
            self._offer(self._current)
            due = self._courier.work()
            self._finish(consumer)
        idle = self._current is None and not self._queue
        if idle:
            consumer.resume(*(consumer.paused() - self._fresh))
        else:
            consumer.pause(*consumer.assignment())
        wait = min(due, _POLL_SECONDS) if idle or self._courier.busy else 0.0
        until = time.monotonic() + wait
        fetched = consumer.poll(timeout_ms=int(wait * 1_000))
        self._queue += [record for records in fetched.values() for record in records]
        self._look_back(consumer)
        self._courier.status.lag = self._lag(consumer)
        if not fetched:
            # with all partitions paused, a poll may return at once
            self._stop.wait(max(0.0, until - time.monotonic()))

    def _offer(self, record: ConsumerRecord) -> None:
        alert = _alert(record)
        if alert is not None:
            event = cloud_event(record.value, record.headers)
            self._courier.offer(alert, event, record.timestamp / 1_000)

    def _finish(self, consumer: KafkaConsumer) -> None:
        """Commit the position behind a record that is told."""
        record = self._current
        if record is None or self._courier.busy:
            return
        self._current = None
        place = TopicPartition(record.topic, record.partition)
        try:
            consumer.commit({place: OffsetAndMetadata(record.offset + 1, "", -1)})
        except CommitFailedError:
            # its partition has moved to another notifier, which may tell it once more
            log.warning("event=position_not_committed place=%s", place)

    def assigned(self, consumer: KafkaConsumer, places: Iterable[TopicPartition]) -> None:
        """These partitions are to be read from now on, as soon as the past is known."""
        self._fresh = set(places)
        self._courier.forget()
        if self._fresh:
            consumer.pause(*self._fresh)

    def revoked(self) -> None:
        """Another notifier may read on from the positions committed."""
        self._let_go()

    def _look_back(self, consumer: KafkaConsumer) -> None:
        """Read what was told before, of partitions that are new here."""
        if not self._fresh:
            return
        positions = {place: consumer.position(place) for place in self._fresh}
        for place, position in positions.items():
            if consumer.committed(place) is None:
                # "the end" must not be a later one after a crash
                consumer.commit({place: OffsetAndMetadata(position, "", -1)})
        for record in self._past(positions):
            alert = _alert(record)
            if alert is not None:
                self._courier.recall(alert)
        self._fresh = set()
        self._courier.status.ready = True

    def _past(self, positions: Mapping[TopicPartition, int]) -> Iterator[ConsumerRecord]:
        consumer = KafkaConsumer(
            **client_options(self._connection),
            client_id="tidegauge-notify",
            group_id=None,
            isolation_level="read_committed",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
        )
        try:
            consumer.assign(list(positions))
            consumer.seek_to_beginning(*positions)
            while not self._stop.is_set() and any(
                consumer.position(place) < end for place, end in positions.items()
            ):
                fetched = consumer.poll(timeout_ms=int(_POLL_SECONDS * 1_000))
                for place, records in fetched.items():
                    yield from (r for r in records if r.offset < positions[place])
        finally:
            consumer.close()

    def _lag(self, consumer: KafkaConsumer) -> int:
        waiting = len(self._queue) + (self._current is not None)
        for place in consumer.assignment() - self._fresh:
            end = consumer.highwater(place)
            waiting += max(0, end - consumer.position(place)) if end is not None else 0
        return waiting


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python ships no types
    def __init__(self, subscriber: Subscriber, consumer: KafkaConsumer) -> None:
        self._subscriber = subscriber
        self._consumer = consumer

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002
        """All of them are: the assignors in use take every partition away first."""
        self._subscriber.revoked()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """See `Subscriber.assigned`."""
        self._subscriber.assigned(self._consumer, assigned)


def _alert(record: ConsumerRecord) -> AlertRecord | None:
    try:
        return decode_alert(record.value or b"", record.headers)
    except InvalidRecord as problem:
        place = f"{record.topic}[{record.partition}]@{record.offset}"
        log.warning("event=not_an_alert place=%s reason=%r", place, str(problem))
        return None
