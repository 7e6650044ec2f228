"""The demo's look at the alerts topic."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Final

from kafka import KafkaConsumer, TopicPartition

from tidegauge.core.alertrecords import AlertRecord, AlertStatus
from tidegauge.kafka.client import Connection, client_options
from tidegauge.settings.kafka import KafkaSettings
from tidegauge.wire.alerts import decode_alert
from tidegauge.wire.public import InvalidRecord

_ANSWER_MS: Final = 15_000
_PAST_SECONDS: Final = 3.0
"""What a transaction holds back that a crash has left open is not waited for."""
_PAST_POLL_MS: Final = 200


@dataclass(slots=True)
class AlertLog:
    """The alert events so far.

    Attributes:
        events: All of them, in order of arrival.
        firing: The newest event of each alert that fires, by fingerprint.
    """

    events: list[AlertRecord] = field(default_factory=list)
    firing: dict[str, AlertRecord] = field(default_factory=dict)

    def add(self, event: AlertRecord) -> None:
        """Take the next event."""
        self.events.append(event)
        if event.status is AlertStatus.FIRING:
            self.firing[event.fingerprint] = event
        else:
            self.firing.pop(event.fingerprint, None)


class AlertReader:
    """Reads committed alert events from the beginning of the topic."""

    def __init__(self, consumer: KafkaConsumer, topic: str) -> None:
        self._consumer = consumer
        partitions = consumer.partitions_for_topic(topic) or ()
        self._places = [TopicPartition(topic, partition) for partition in partitions]
        consumer.assign(self._places)
        consumer.seek_to_beginning(*self._places)

    def past(self) -> Iterator[AlertRecord]:
        """The events that are in the topic by now."""
        until = time.monotonic() + _PAST_SECONDS
        while not self.at_end and time.monotonic() < until:
            yield from self.poll(_PAST_POLL_MS)

    def poll(self, milliseconds: int) -> list[AlertRecord]:
        """The events that have come, after waiting for the first one so long at most."""
        fetched = self._consumer.poll(timeout_ms=milliseconds)
        events = []
        for record in (record for records in fetched.values() for record in records):
            try:
                events.append(decode_alert(record.value or b"", record.headers))
            except InvalidRecord:
                continue  # something else was written to the topic; `tidegauge alerts` names it
        return sorted(events, key=lambda event: event.time_ms)

    @property
    def at_end(self) -> bool:
        """Whether everything that is in the topic was read."""
        ends = self._consumer.end_offsets(self._places)
        return all(self._consumer.position(place) >= ends[place] for place in self._places)


@contextmanager
def alert_reader(settings: KafkaSettings) -> Iterator[AlertReader]:
    """A reader of the alerts topic."""
    consumer = KafkaConsumer(
        **client_options(Connection.of(settings)),
        client_id="tidegauge-demo",
        group_id=None,
        isolation_level="read_committed",
        allow_auto_create_topics=False,
        bootstrap_timeout_ms=_ANSWER_MS,
    )
    with closing(consumer):
        yield AlertReader(consumer, settings.topic_names.alerts)
