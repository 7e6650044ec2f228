"""What is in the topics beyond the last bookmark: a run that was killed wrote none for it."""

from collections.abc import Mapping
from typing import Final

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from tidegauge.demo.errors import DemoError
from tidegauge.demo.progress import Identity, place
from tidegauge.kafka.client import Connection
from tidegauge.kafka.consumer import open_consumer
from tidegauge.settings.kafka import KafkaSettings

_POLL_MS: Final = 1_000


class _Named(msgspec.Struct):
    """What names an event in both topics."""

    request_id: str
    model: str = ""
    version: str = ""


_DECODE: Final = msgspec.json.Decoder(_Named).decode


def published_since(settings: KafkaSettings, ends: Mapping[str, int]) -> set[Identity]:
    """The events that have come into the topics since.

    Others may publish there as well: what is no event, or none of the replay, is nothing to it.

    Args:
        settings: The cluster and its topics.
        ends: Where to begin, by partition; see `tidegauge.demo.progress.Progress`.

    Raises:
        DemoError: The topics can't be read, or hold less than they did.
    """
    names = settings.topic_names
    try:
        with open_consumer(Connection.of(settings)) as consumer:
            places = [
                TopicPartition(topic, partition)
                for topic in (names.predictions, names.feedback)
                for partition in consumer.partitions_for_topic(topic) or ()
            ]
            starts = {tp: ends.get(place(tp.topic, tp.partition), 0) for tp in places}
            return read(consumer, starts, names.predictions)
    except KafkaError as error:
        raise DemoError(f"the topics of the last run cannot be read: {error}") from error


def read(
    consumer: KafkaConsumer, starts: Mapping[TopicPartition, int], predictions: str
) -> set[Identity]:
    """The events in some partitions from given offsets up to their ends.

    Args:
        consumer: Reads them.
        starts: The offsets.
        predictions: The topic of predictions.

    Raises:
        DemoError: A partition ends before its offset.
    """
    now = consumer.end_offsets(list(starts))
    if short := [tp for tp, start in starts.items() if now[tp] < start]:
        raise DemoError(
            f"{short[0].topic} has lost records of the last run, as after a loss of power"
        )
    behind = [tp for tp, start in starts.items() if now[tp] > start]
    consumer.assign(behind)
    for tp in behind:
        consumer.seek(tp, starts[tp])
    found = set()
    while any(consumer.position(tp) < now[tp] for tp in behind):
        for tp, records in consumer.poll(timeout_ms=_POLL_MS).items():
            for record in records:
                try:
                    named = _DECODE(record.value or b"")
                except msgspec.DecodeError:
                    continue
                found.add(Identity(tp.topic == predictions, *msgspec.structs.astuple(named)))
    return found
