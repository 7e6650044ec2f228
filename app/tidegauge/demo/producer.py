"""The demo's publisher: an ordinary kafka-python client of the public contract.

It is what a user's serving code would be: JSON values, the request id as the key, no knowledge of
what reads them. Flight time is compressed by a factor, the speed.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError
from pydantic import TypeAdapter, ValidationError

from tidegauge.core.events import Prediction
from tidegauge.demo.errors import DemoError
from tidegauge.demo.progress import NOTHING, Identity, Progress, place
from tidegauge.demo.replay import Replayed
from tidegauge.settings.duration import PositiveDuration
from tidegauge.settings.kafka import TopicNames

DEFAULT_SPEED = "6h"
"""Two months pass within four minutes."""
UNPACED = 0.0
"""The speed that means as fast as the broker takes it."""
TICK_SECONDS = 0.1
"""Events due within a tick go out together, so a paced run flushes at most ten times a second."""
FLUSH_EVENTS = 500
"""At most so many events are on their way at a time, which bounds how far the two topics diverge
from the order in event time."""
CLOSE_SECONDS = 10.0
_DURATION: TypeAdapter[timedelta] = TypeAdapter(PositiveDuration)


class Placed(Protocol):
    """Where a record has ended up."""

    @property
    def topic(self) -> str:
        """Its topic."""

    @property
    def partition(self) -> int:
        """Its partition."""

    @property
    def offset(self) -> int:
        """Its offset."""


class Delivery(Protocol):
    """What becomes of one record, as far as it is looked at here."""

    exception: Exception | None

    @property
    def value(self) -> Placed | None:
        """Where it is, once it is acknowledged."""


class Client(Protocol):
    """The part of `kafka.KafkaProducer` that publishing needs."""

    def send(self, topic: str, *, value: bytes, key: bytes) -> Delivery:
        """Queue one record."""

    def flush(self) -> object:
        """Return when no record is on its way."""


def parse_speed(text: str) -> float:
    """A speed factor from ``text``: the flight time that passes in a second, such as ``6h``.

    ``max`` (as 0) is as fast as possible.

    Raises:
        DemoError: The text is neither; the message says what is accepted.
    """
    if text == "max":
        return UNPACED
    try:
        return _DURATION.validate_python(text).total_seconds()
    except ValidationError:
        raise DemoError(
            f"the speed {text!r} was not understood: write how much flight time passes in a "
            "second, for instance 6h or 30m, or max"
        ) from None


@contextmanager
def connected(connection: Mapping[str, object]) -> Iterator[KafkaProducer]:
    """A kafka-python producer with the options of ``connection``, closed at the end.

    Topics are never created by publishing: theirs are settings that matter.

    Raises:
        DemoError: No broker answers.
    """
    options = {
        "client_id": "tidegauge-demo",
        "allow_auto_create_topics": False,
        "linger_ms": 5,
        # the checksum is computed in Python, over the compressed bytes
        "compression_type": "gzip",
        "max_block_ms": 15_000,
        **connection,
    }
    try:
        producer = KafkaProducer(**options)
    except KafkaError as error:
        servers = options.get("bootstrap_servers", "the default address")
        raise DemoError(
            f"cannot connect to Kafka at {servers}: {error}; see that the broker runs there and "
            "that the connection's settings are right"
        ) from error
    try:
        yield producer
    finally:
        producer.close(timeout=CLOSE_SECONDS)


def publish(
    events: Iterable[Replayed],
    client: Client,
    *,
    wait: Callable[[float], bool],
    topics: TopicNames = TopicNames(),  # noqa: B008 - an immutable value
    speed: float = UNPACED,
    paced_from_ms: int = 0,
    held: Callable[[], bool] = lambda: False,
    progress: Progress = NOTHING,
    there: Collection[Identity] = (),
    clock: Callable[[], float] = time.monotonic,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Publish ``events`` in their order and in their pace, until their end or a stop.

    Args:
        events: In the order of their times.
        client: Where they go, usually from `connected`.
        wait: Waits so many seconds or until a stop is asked for, and says whether it is;
            ``threading.Event().wait`` does.
        topics: The topics' names; only those of the two public events are used.
        speed: How many times faster than real time flight time passes; 0: as fast as possible.
        paced_from_ms: What comes before this time, in ms since the epoch, is due at once.
        held: Whether flight time is to stand still for now.
        progress: What was published before.
        there: Events that are in the topics already: they count and are not sent again.
        clock: Seconds that only go forward.
        on_progress: Told what is acknowledged, after each flush.

    Returns:
        What was published; on a stop everything that was sent is acknowledged.

    Raises:
        DemoError: The broker refused a record or did not answer in time.
    """
    encode = msgspec.json.Encoder().encode
    sent = progress
    left = set(there)
    deliveries: list[Delivery] = []
    pace = _Pace(speed, paced_from_ms, clock)
    try:
        for replayed in events:
            ahead = pace.seconds_ahead(replayed.time_ms)
            if ahead > TICK_SECONDS or len(deliveries) >= FLUSH_EVENTS:
                progress = sent = _settle(client, deliveries, sent)
                on_progress(progress)
                if wait(ahead) or pace.stood_still(held, wait):
                    return progress
            event = replayed.event
            is_prediction = isinstance(event, Prediction)
            sent = sent.counting(replayed.time_ms, is_prediction=is_prediction)
            if left and (identity := Identity.of(event)) in left:
                left.remove(identity)
                continue
            topic = topics.predictions if is_prediction else topics.feedback
            key = event.request_id.encode()
            deliveries.append(client.send(topic, value=encode(event), key=key))
        progress = _settle(client, deliveries, sent)
    except KafkaError as error:
        raise DemoError(
            f"publishing to {topics.predictions} and {topics.feedback} failed: {error}; see that "
            "the broker is up, the topics exist and writing to them is allowed"
        ) from error
    on_progress(progress)
    return progress


class _Pace:
    """When an event is due, counted from the first one that is paced."""

    def __init__(self, speed: float, from_ms: int, clock: Callable[[], float]) -> None:
        self._speed = speed
        self._from_ms = from_ms
        self._clock = clock
        self._start = 0.0
        self._first_ms: int | None = None

    def seconds_ahead(self, time_ms: int) -> float:
        """How long until an event of ``time_ms`` is due; 0 if it is already."""
        if self._speed == UNPACED or time_ms < self._from_ms:
            return 0.0
        if self._first_ms is None:
            self._start, self._first_ms = self._clock(), time_ms
        due = self._start + (time_ms - self._first_ms) / 1000 / self._speed
        return max(0.0, due - self._clock())

    def stood_still(self, held: Callable[[], bool], wait: Callable[[float], bool]) -> bool:
        """Let no flight time pass while it is held; whether a stop was asked for meanwhile."""
        began = self._clock()
        while held():
            if wait(TICK_SECONDS):
                return True
        self._start += self._clock() - began
        return False


def _settle(client: Client, deliveries: list[Delivery], sent: Progress) -> Progress:
    """Wait until the broker has everything; ``sent`` is then also what it acknowledged."""
    client.flush()
    ends = dict(sent.ends)
    for delivery in deliveries:
        if delivery.exception is not None:
            raise delivery.exception
        if (placed := delivery.value) is not None:
            where = place(placed.topic, placed.partition)
            ends[where] = max(ends.get(where, 0), placed.offset + 1)
    deliveries.clear()
    return replace(sent, ends=ends)
