"""The raw events of a request in a topic, found by the bytes of its id."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from aiokafka import ConsumerRecord

from tidegauge.core.collect import forwarding
from tidegauge.core.events import Feedback, Prediction
from tidegauge.settings.kafka import TopicNames
from tidegauge.wire.events import InvalidEvent, decode_feedback, decode_prediction

_PLAIN: Final = re.compile(r"[A-Za-z0-9 _.:;,|@=#*()\[\]{}~^!?$%-]+")
"""Ids that every JSON encoder writes as they are."""

Event = TypeVar("Event", Prediction, Feedback)


class Events(NamedTuple):
    """The raw events of a request, as far as the topics still have them."""

    predictions: list[Prediction]
    feedback: list[Feedback]
    gone: list[str]
    """What retention has removed, in words."""


class Published(NamedTuple, Generic[Event]):
    """An event, and when it was appended to the topic that it was published to, in ms."""

    append_ms: int
    event: Event


@dataclass(frozen=True, slots=True)
class Kind(Generic[Event]):
    """One of the two kinds of events, by how it is read.

    Attributes:
        decode: Reads a value; `InvalidEvent` where it is none.
        name: What it is called where it is forwarded.
    """

    decode: Callable[[bytes | None], Event]
    name: forwarding.Kind

    def topic(self, names: TopicNames) -> str:
        """Where such events are published."""
        return names.predictions if self.name == "prediction" else names.feedback

    def of(self, records: Iterable[ConsumerRecord], request_id: str) -> list[Published[Event]]:
        """The events of a request among some records of its topic."""
        return self._read(((r.timestamp, r.value) for r in records), request_id)

    def forwarded(
        self, records: Iterable[ConsumerRecord], request_id: str
    ) -> list[Published[Event]]:
        """Those among records that were forwarded to where the request is joined."""
        sent = (forwarding.decode(record.value) for record in records)
        own = (one for one in sent if isinstance(one, forwarding.Forwarded))
        return self._read(((o.append, o.value) for o in own if o.kind == self.name), request_id)

    def _read(
        self, values: Iterable[tuple[int, bytes | None]], request_id: str
    ) -> list[Published[Event]]:
        found = []
        for append_ms, value in values:
            try:
                event = self.decode(value)
            except InvalidEvent:
                continue
            if event.request_id == request_id:
                found.append(Published(append_ms, event))
        return found


PREDICTION: Final = Kind(decode_prediction, "prediction")
FEEDBACK: Final = Kind(decode_feedback, "feedback")


def sought(request_id: str) -> list[bytes]:
    """Bytes one of which every event of a request has in its key or its value.

    That is the id as a JSON string, for an event must have it; where encoders differ in what they
    escape, also the id as it is, which is the key.
    """
    quoted = {json.dumps(request_id), json.dumps(request_id, ensure_ascii=False)}
    own = [] if _PLAIN.fullmatch(request_id) else [request_id]
    return [text.encode() for text in (*sorted(quoted), *own)]
