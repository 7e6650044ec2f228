"""What the state of collect retains of a request: where its records lie."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from tidegauge.core.collect.arrivalorder import FORWARDED, append_time
from tidegauge.core.collect.layout import ANSWERED, HEARD, TAG
from tidegauge.core.collect.request import Request
from tidegauge.core.collect.requestlog import REQUESTS, parsed
from tidegauge.core.config import HOUR, MINUTE, SECOND
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.partitioner import partition_for
from tidegauge.core.requestkey import as_columns, request_key
from tidegauge.kafka.client import Connection
from tidegauge.lookup import logs
from tidegauge.lookup.statelog import newest_value
from tidegauge.settings import Settings
from tidegauge.wire.events import InvalidEvent, decode_feedback, decode_prediction

AROUND_MS = (10 * SECOND, 2 * MINUTE, HOUR // 2)
"""How far from a stated time a prediction is looked for, one after the other."""
_decode = msgspec.msgpack.Decoder(Request).decode


class Place(NamedTuple):
    """Where the record of a prediction lies."""

    partition: int
    offset: int


class Retained(NamedTuple):
    """What is retained of a request."""

    answers: list[Place]
    labels: list[int]
    """Of each feedback when it arrived (`tidegauge.core.collect.arrivalorder`)."""


class Events(NamedTuple):
    """The raw events of a request, as far as the topics still have them."""

    predictions: list[Prediction]
    feedback: list[Feedback]
    gone: list[str]
    """What retention has removed, in words."""


def retained(settings: Settings, client: KafkaConsumer, request_id: str) -> Retained | None:
    """What collect retains of a request; None where it does not, or no longer."""
    topic = settings.kafka.topic_names.collect_state
    partition = home(settings, client, topic, request_id)
    key = request_key(request_id.encode())
    value = newest_value(Connection.of(settings.kafka), topic, partition, REQUESTS + key)
    if value is None:
        return None
    if value[0] != TAG:
        request = _decode(value)
        answers = [Place(answer.source, answer.position) for answer in request.answers]
        return Retained(answers, [r.offset for line in request.lines for r in line.revisions])
    (row,), _ = parsed([value], as_columns([key]))
    answered, heard = row["state"] & ANSWERED, row["state"] & HEARD
    return Retained(
        [Place(int(row["source"]), int(row["position"]))] if answered else [],
        [int(row["offset"])] if heard else [],
    )


def home(settings: Settings, client: KafkaConsumer, topic: str, request_id: str) -> int:
    """The partition where a request is joined."""
    partitions = len(client.partitions_for_topic(topic) or ())
    return partition_for(request_id.encode(), partitions, settings.join.partitioner)


def events(settings: Settings, client: KafkaConsumer, request_id: str, known: Retained) -> Events:
    """Read the raw events of a request."""
    names = settings.kafka.topic_names
    found = Events([], [], [])
    for place in known.answers:
        where = TopicPartition(names.predictions, place.partition)
        record = logs.record_at(client, where, place.offset)
        event = None if record is None else _prediction(record)
        if event is None or event.request_id != request_id:
            found.gone.append(f"the prediction ({where.topic}[{where.partition}]@{place.offset})")
        else:
            found.predictions.append(event)
    for order in known.labels:
        label = _label(settings, client, request_id, order)
        if label is None:
            found.gone.append("a feedback")
        else:
            found.feedback.append(label)
    return found


def near(settings: Settings, client: KafkaConsumer, request_id: str, at_ms: int) -> Events:
    """The raw events of a request that were appended near a time, in ms.

    The prediction is looked for in a short time around it first, then in longer ones; feedback
    where it is joined first, then where it may have been published astray.
    """
    names = settings.kafka.topic_names
    found = Events([], [], [])
    sought = _of(request_id)

    def records(topic: str, partitions: Iterable[int], around_ms: int) -> Iterator[ConsumerRecord]:
        for partition in partitions:
            times = at_ms - around_ms, at_ms + around_ms
            yield from logs.around(client, TopicPartition(topic, partition), times, sought)

    everywhere = sorted(client.partitions_for_topic(names.predictions) or ())
    for around_ms in AROUND_MS:
        events = map(_prediction, records(names.predictions, everywhere, around_ms))
        found.predictions.extend(e for e in events if e is not None and e.request_id == request_id)
        if found.predictions:
            break
    own = home(settings, client, names.feedback, request_id)
    others = sorted(set(client.partitions_for_topic(names.feedback) or ()) - {own})
    for partitions in ([own], others):
        labels = map(_feedback, records(names.feedback, partitions, AROUND_MS[-1]))
        found.feedback.extend(f for f in labels if f is not None and f.request_id == request_id)
        if found.feedback:
            break
    return found


def _label(
    settings: Settings, client: KafkaConsumer, request_id: str, order: int
) -> Feedback | None:
    """The feedback that arrived at a time: in its home, or, where it was forwarded, in any."""
    topic = settings.kafka.topic_names.feedback
    own = home(settings, client, topic, request_id)
    everywhere = sorted(client.partitions_for_topic(topic) or ())
    append = append_time(order)
    for partition in everywhere if order & FORWARDED else [own]:
        place = TopicPartition(topic, partition)
        for record in logs.around(client, place, (append, append), _of(request_id)):
            label = _feedback(record)
            if label is not None and label.request_id == request_id:
                return label
    return None


def _of(request_id: str) -> Callable[[ConsumerRecord], bool]:
    """Whether a record may be of a request: its key, or its text, has the id."""
    sought = request_id.encode()
    return lambda record: record.key == sought or sought in (record.value or b"")


def _prediction(record: ConsumerRecord) -> Prediction | None:
    try:
        return decode_prediction(record.value)
    except InvalidEvent:
        return None


def _feedback(record: ConsumerRecord) -> Feedback | None:
    try:
        return decode_feedback(record.value)
    except InvalidEvent:
        return None
