"""What the state of collect retains of a request: where its records lie."""

from typing import NamedTuple

import msgspec

from tidegauge.core.collect.arrivalorder import FORWARDED, append_time
from tidegauge.core.collect.layout import ANSWERED, HEARD, TAG
from tidegauge.core.collect.request import Request
from tidegauge.core.collect.requestlog import REQUESTS, parsed
from tidegauge.core.events import Feedback
from tidegauge.core.partitioner import partition_for
from tidegauge.core.requestkey import as_columns, request_key
from tidegauge.lookup.events import FEEDBACK, PREDICTION, Events, sought
from tidegauge.lookup.logs import Logs, Progress
from tidegauge.settings import Settings

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


def home(settings: Settings, logs: Logs, topic: str, request_id: str) -> int:
    """The partition where a request is joined."""
    partitions = len(logs.partitions(topic))
    return partition_for(request_id.encode(), partitions, settings.join.partitioner)


def retained(
    settings: Settings, logs: Logs, request_id: str, progress: Progress
) -> Retained | None:
    """What collect retains of a request; None where it does not, or no longer."""
    topic = settings.kafka.topic_names.collect_state
    key = request_key(request_id.encode())
    state = logs.whole(topic, home(settings, logs, topic, request_id))
    for records in logs.back(state, [REQUESTS + key], progress):
        values = [record.value for record in records if record.key == REQUESTS + key]
        if values:
            return None if values[-1] is None else _read(key, values[-1])
    return None


def _read(key: bytes, value: bytes) -> Retained:
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


def events(settings: Settings, logs: Logs, request_id: str, known: Retained) -> Events:
    """Read the raw events of a request."""
    topic = settings.kafka.topic_names.predictions
    found = Events([], [], [])
    for place in known.answers:
        record = logs.record_at(topic, place.partition, place.offset)
        read = [] if record is None else PREDICTION.of([record], request_id)
        found.predictions.extend(one.event for one in read)
        if not read:
            found.gone.append(f"the prediction ({topic}[{place.partition}]@{place.offset})")
    for order in known.labels:
        label = _label(settings, logs, request_id, order)
        if label is None:
            found.gone.append("a feedback")
        else:
            found.feedback.append(label)
    return found


def _label(settings: Settings, logs: Logs, request_id: str, order: int) -> Feedback | None:
    """The feedback that arrived at a time: in its home, or, where it was forwarded, in any."""
    topic = settings.kafka.topic_names.feedback
    append = append_time(order)
    everywhere = logs.partitions(topic)
    for partition in everywhere if order & FORWARDED else [home(settings, logs, topic, request_id)]:
        span = logs.between(topic, partition, (append, append))
        labels = FEEDBACK.of(logs.read(span, sought(request_id)).records, request_id)
        if labels:
            return labels[0].event
    return None
