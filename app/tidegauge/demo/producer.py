"""The demo's publisher: an ordinary kafka-python client of the public contract.

It is what a user's serving code would be: JSON values, the request id as the key, no knowledge of
what reads them. Flight time is compressed by a factor, the speed.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError
from pydantic import TypeAdapter, ValidationError

from tidegauge.core.events import Prediction
from tidegauge.demo.errors import DemoError
from tidegauge.demo.replay import Replayed
from tidegauge.settings.duration import PositiveDuration
from tidegauge.settings.kafka import TopicNames

DEFAULT_SPEED = "6h"
"""Two weeks, which the reference is learned from, pass within a minute, two months in four."""
UNPACED = 0.0
"""The speed that means as fast as the broker takes it."""
TICK_SECONDS = 0.1
"""Events due within a tick go out together, so a paced run flushes at most ten times a second."""
FLUSH_EVENTS = 500
"""At most so many events are on their way at a time, which bounds how far the two topics diverge
from the order in event time."""
CLOSE_SECONDS = 10.0
_DURATION: TypeAdapter[timedelta] = TypeAdapter(PositiveDuration)


@dataclass(frozen=True, slots=True)
class Progress:
    """What the broker has acknowledged so far."""

    time_ms: int | None = None
    """Flight time of the newest event, ms since the epoch; None before the first."""
    predictions: int = 0
    feedback: int = 0


class Delivery(Protocol):
    """What becomes of one record, as far as it is looked at here."""

    exception: Exception | None


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
    held: Callable[[], bool] = lambda: False,
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
        held: Whether flight time is to stand still for now.
        clock: Seconds that only go forward.
        on_progress: Told what is acknowledged, after each flush.

    Returns:
        What was published; on a stop everything that was sent is acknowledged.

    Raises:
        DemoError: The broker refused a record or did not answer in time.
    """
    encode = msgspec.json.Encoder().encode
    progress = Progress()
    sent = progress
    deliveries: list[Delivery] = []
    pace = _Pace(speed, clock)
    try:
        for replayed in events:
            ahead = pace.seconds_ahead(replayed.time_ms)
            if ahead > TICK_SECONDS or len(deliveries) >= FLUSH_EVENTS:
                progress = _settle(client, deliveries, sent)
                on_progress(progress)
                if wait(ahead) or pace.stood_still(held, wait):
                    return progress
            event = replayed.event
            is_prediction = isinstance(event, Prediction)
            topic = topics.predictions if is_prediction else topics.feedback
            key = event.request_id.encode()
            deliveries.append(client.send(topic, value=encode(event), key=key))
            sent = _counted(sent, replayed.time_ms, is_prediction=is_prediction)
        progress = _settle(client, deliveries, sent)
    except KafkaError as error:
        raise DemoError(
            f"publishing to {topics.predictions} and {topics.feedback} failed: {error}; see that "
            "the broker is up, the topics exist and writing to them is allowed"
        ) from error
    on_progress(progress)
    return progress


class _Pace:
    """When an event is due, counted from the first one."""

    def __init__(self, speed: float, clock: Callable[[], float]) -> None:
        self._speed = speed
        self._clock = clock
        self._start = clock()
        self._first_ms: int | None = None

    def seconds_ahead(self, time_ms: int) -> float:
        """How long until an event of ``time_ms`` is due; 0 if it is already."""
        if self._first_ms is None:
            self._first_ms = time_ms
        if self._speed == UNPACED:
            return 0.0
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
    for delivery in deliveries:
        if delivery.exception is not None:
            raise delivery.exception
    deliveries.clear()
    return sent


def _counted(sent: Progress, time_ms: int, *, is_prediction: bool) -> Progress:
    if is_prediction:
        return replace(sent, time_ms=time_ms, predictions=sent.predictions + 1)
    return replace(sent, time_ms=time_ms, feedback=sent.feedback + 1)
