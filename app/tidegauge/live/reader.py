"""Reads alerts, metrics and, if wanted, all else that workers publish, as any subscriber may.

Only committed records, without a consumer group; nothing is written. The present is followed from
the end of the topics. The past is read back from there in chunks, the newest first, so that the
screen is full at once and fills further; of it, only the newest record of each key is decoded, but
for dead letters, which all count, and the alerts whose life the console tells.
After a failure the reader begins anew.
"""

import queue
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from tidegauge.kafka.admin import ClusterError, admin_client
from tidegauge.kafka.client import Connection, client_options
from tidegauge.live.board import Arrival, LiveRecord
from tidegauge.live.lag import unread_events
from tidegauge.live.past import Past
from tidegauge.live.source import Connected, HistoryRead, Lag, Message, Read, Trouble
from tidegauge.settings.kafka import KafkaSettings
from tidegauge.wire.alerts import decode_alert
from tidegauge.wire.dead_letters import decode_dead_letter
from tidegauge.wire.metrics import decode_metrics
from tidegauge.wire.public import InvalidRecord
from tidegauge.wire.references import decode_reference

_POLL_MS: Final = 250
_LOOK_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 2.0
_ANSWER_MS: Final = 10_000
_FETCH_BYTES: Final = 4 * 1024 * 1024
_HOW_TO_CREATE: Final = "`tidegauge topics create` creates it, kafka.topic_prefix names it"
_MESSAGES: Final = 64
"""As many wait for the screens; then reading waits."""


@dataclass(frozen=True, slots=True)
class _Clients:
    admin: KafkaAdminClient
    live: KafkaConsumer
    past: KafkaConsumer


class Reader:
    """Implements `tidegauge.live.source.Source` on a cluster.

    Args:
        settings: The cluster and the names of the topics.
        since: How far back to read; None: as far as the limit of `Past` allows.
        client: What the brokers are told of who reads.
        everything: Whether to read references and dead letters as well.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        since: timedelta | None = None,
        *,
        client: str = "tidegauge-top",
        everything: bool = False,
    ) -> None:
        self._settings = settings
        self._connection = Connection.of(settings)
        self._since = since
        self._client = client
        names = settings.topic_names
        # read back in this order: what is few and matters comes first
        self._topics = [names.alerts, names.metrics]
        # of alerts the console tells the life, and dead letters all count
        self._all_of = {names.alerts, names.dead_letters} if everything else set()
        if everything:
            self._topics = [names.alerts, names.references, names.metrics, names.dead_letters]
        self._messages: queue.Queue[Message] = queue.Queue(_MESSAGES)
        self._stopping = threading.Event()
        self._bug: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="live-reader", daemon=True)

    def start(self) -> None:
        """See `Source.start`."""
        self._thread.start()

    def stop(self) -> None:
        """See `Source.stop`; a client that waits for a lost broker is left behind."""
        self._stopping.set()
        self._thread.join(timeout=2 * _POLL_MS / 1000)

    def take(self) -> list[Message]:
        """See `Source.take`; an unexpected error of the thread is raised here."""
        if self._bug is not None:
            raise self._bug
        return [self._messages.get_nowait() for _ in range(self._messages.qsize())]

    # ---------------------------------------------------------------- the thread

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._connected()
            except (ClusterError, KafkaError, OSError) as problem:
                self._say(Trouble(str(problem)))
            except Exception as bug:
                self._bug = bug
                raise
            self._stopping.wait(_RETRY_SECONDS)

    def _connected(self) -> None:
        with admin_client(self._connection) as admin:
            missing = sorted(set(self._topics) - set(admin.list_topics()))
            if missing:
                names = " and no topic ".join(missing)
                self._say(Trouble(f"there is no topic {names}; {_HOW_TO_CREATE}"))
                return
            with closing(self._consumer()) as live, closing(self._consumer()) as past:
                self._read(_Clients(admin, live, past))

    def _consumer(self) -> KafkaConsumer:
        return KafkaConsumer(
            **client_options(self._connection),
            client_id=self._client,
            group_id=None,
            isolation_level="read_committed",
            allow_auto_create_topics=False,
            max_poll_records=5_000,
            max_partition_fetch_bytes=_FETCH_BYTES,
            # computed in Python, it would take most of the time; the brokers check it as well
            check_crcs=False,
            bootstrap_timeout_ms=_ANSWER_MS,
            request_timeout_ms=_ANSWER_MS,
        )

    # ---------------------------------------------------------------- one connection

    def _read(self, clients: _Clients) -> None:
        places = [
            TopicPartition(topic, partition)
            for topic in self._topics
            for partition in sorted(clients.live.partitions_for_topic(topic) or ())
        ]
        clients.live.assign(places)
        ends = clients.live.end_offsets(places, timeout_ms=_ANSWER_MS)
        begins = self._begins(clients.live, places, ends)
        for place in places:
            clients.live.seek(place, ends[place])
        self._say(Connected())
        past = self._past(clients.past, begins, ends)
        look_at = 0.0
        reading_past = True
        while not self._stopping.is_set():
            chunk = next(past, None)
            if chunk:
                self._say(self._decoded(chunk))
            elif chunk is None and reading_past:
                reading_past = False
                self._say(HistoryRead())
            fetched = clients.live.poll(timeout_ms=0 if reading_past else _POLL_MS)
            if fetched:
                self._say(self._decoded(r for records in fetched.values() for r in records))
            if time.monotonic() >= look_at:
                # also the one request that fails when the broker is gone: polling only waits
                self._say(Lag(unread_events(clients.admin, clients.live, self._settings)))
                look_at = time.monotonic() + _LOOK_SECONDS

    def _begins(
        self,
        consumer: KafkaConsumer,
        places: list[TopicPartition],
        ends: Mapping[TopicPartition, int],
    ) -> Mapping[TopicPartition, int]:
        if self._since is None:
            begins: Mapping[TopicPartition, int] = consumer.beginning_offsets(
                places, timeout_ms=_ANSWER_MS
            )
            return begins
        start_ms = int((time.time() - self._since.total_seconds()) * 1000)
        found = consumer.offsets_for_times(dict.fromkeys(places, start_ms))
        return {p: found[p].offset if found.get(p) is not None else ends[p] for p in places}

    def _past(
        self,
        consumer: KafkaConsumer,
        begins: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
    ) -> Iterator[list[ConsumerRecord]]:
        """One topic after the other."""
        for topic in self._topics:
            its_ends = {place: end for place, end in ends.items() if place.topic == topic}
            newest_only = topic not in self._all_of
            yield from Past(consumer, begins, its_ends, newest_only=newest_only).chunks()

    def _decoded(self, records: Iterable[ConsumerRecord]) -> Read:
        arrivals, unreadable = [], 0
        for record in records:
            if record.value is None and record.topic == self._settings.topic_names.references:
                continue  # it was withdrawn, and its model has another or none
            try:
                decoded = self._record(record)
            except InvalidRecord:
                unreadable += 1
            else:
                arrivals.append(Arrival(record.offset, record.timestamp, decoded))
        return Read(arrivals, unreadable)

    def _record(self, record: ConsumerRecord) -> LiveRecord:
        names = self._settings.topic_names
        if record.topic == names.alerts:
            return decode_alert(record.value or b"", record.headers)
        if record.topic == names.dead_letters:
            return decode_dead_letter(record.value or b"")
        if record.topic == names.references:
            return decode_reference(record.value or b"")
        return decode_metrics(record.value or b"")

    def _say(self, message: Message) -> None:
        while not self._stopping.is_set():
            try:
                self._messages.put(message, timeout=_POLL_MS / 1000)
            except queue.Full:
                continue
            return
