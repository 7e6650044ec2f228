"""A hostile input: everything that can be wrong with events and their order, in known amounts.

Each record carries a header that says what it is: nothing for an event that is in order in itself,
else the reason for which it must be refused and the model that it can be told to belong to.
"""

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from wholepath.topic import Message

from tidegauge.core.partitioner import partition_for

HOUR = 3_600_000
START = 1_709_251_200_000
"""2024-03-01T00:00:00Z."""
SPAN = HOUR
CLOSING = START + 60 * HOUR
"""When everything that is to expire has."""
SETTINGS = {
    "time": {"out_of_orderness": "12h", "lateness": "12h"},
    "join": {"label_horizon": "4h", "correction_horizon": "6h", "orphan_horizon": "2h"},
    "windows": {
        "panes": [{"width": "10m", "span": "1h"}, {"width": "1h", "span": "30d"}],
        "sizes": ["1h"],
    },
    "reference": {"learn": "30d"},
    "detection": {"learn": "30d"},
}
MODELS = ("shuffled", "orderly", "classes", "amounts")
"""Events come in any order, but the second one's feedback after all predictions. The first two are
binary, the others multiclass and regression models."""
CLASSES = ("low", "medium", "high")
REASON = "reason"
MODEL = "model"
Event = dict[str, Any]
Make = Callable[["HostileInput", str, Event], Message]


def rfc3339(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")


def encoded(event: Event) -> bytes:
    return json.dumps(event).encode()


def message(topic: str, event: Event) -> Message:
    return Message(topic, event["request_id"].encode(), encoded(event))


class HostileInput:
    """Predictions and feedback of ``requests`` requests, and about as many faults.

    Args:
        requests: how many.
        partitions: of the input topics.
        large: how many values of 1 MB are among them.
        seed: of everything random.
    """

    def __init__(self, requests: int, partitions: int, large: int, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - reproducible input
        self.partitions = partitions
        self._requests = requests
        self._large = large

    def messages(self) -> list[Message]:
        """All records in the order of publication."""
        by_model: dict[str, list[Message]] = {name: [] for name in MODELS}
        for number in range(self._requests):
            model = self.rng.choice(MODELS)
            by_model[model] += self._request(f"{model}-{number}", model)
        orderly = by_model.pop("orderly")
        shuffled = [made for messages in by_model.values() for made in messages]
        self.rng.shuffle(shuffled)
        self.rng.shuffle(orderly)
        first = [m for m in orderly if m.topic == "predictions"]
        last = [m for m in orderly if m.topic == "feedback"]
        return [*first, *shuffled, *last, *self._closing(), *self._late()]

    # ---------------------------------------------------------------- requests

    def _request(self, request: str, model: str) -> Iterator[Message]:
        rng = self.rng
        time = START + rng.randrange(SPAN)
        prediction = self._prediction(request, model, time)
        if rng.random() < 0.97:
            yield message("predictions", prediction)
            yield from self._repeated("predictions", prediction, "prediction")
        if rng.random() < 0.05:
            shadow = self._prediction(request, model, time) | {"version": "shadow"}
            yield message("predictions", shadow)
        if rng.random() < 0.03:
            yield message("predictions", prediction | {"model": "challenger"})
        if rng.random() < 0.9:
            yield from self._labels(request, model, time)
        if rng.random() < 0.15:
            topic = rng.choice(("predictions", "feedback"))
            event = prediction if topic == "predictions" else self._feedback(request, model, time)
            yield rng.choice(SPOILERS)(self, topic, event | {"request_id": f"{request}-bad"})
        if self._large > 0 and rng.random() < 0.05:
            self._large -= 1
            yield too_large(self, "predictions", prediction)

    def _prediction(self, request: str, model: str, time: int) -> Event:
        return {
            "request_id": request,
            "model": model,
            "version": "v1",
            "timestamp": rfc3339(time),
            **self._answer(model),
            "features": {"amount": self.rng.gauss(50, 10), "country": self.rng.choice("ABCD")},
            "segments": {"region": self.rng.choice(("north", "south"))},
            "latency_seconds": 0.01,
        }

    def _answer(self, model: str) -> Event:
        if model == "classes":
            name = self.rng.choice(CLASSES)
            return {"prediction": name, "probabilities": {name: self.rng.uniform(0.4, 1)}}
        if model == "amounts":
            return {"prediction": self.rng.gauss(30, 8)}
        score = round(self.rng.random(), 6)
        return {"prediction": int(score > 0.5), "score": score}

    def _truth(self, request: str) -> str | float:
        if "classes" in request:
            return self.rng.choice(CLASSES)
        return self.rng.gauss(31, 9) if "amounts" in request else self.rng.randrange(2)

    def _feedback(self, request: str, model: str | None, time: int, revision: int = 0) -> Event:
        event = {
            "request_id": request,
            "timestamp": rfc3339(time),
            "label": self._truth(request),
            "revision": revision,
        }
        return event if model is None else event | {"model": model}

    def _labels(self, request: str, model: str, time: int) -> Iterator[Message]:
        """One label or several: in time, before its prediction, late, of a stranger, corrected."""
        rng = self.rng
        delay = rng.choices(
            (rng.randrange(3 * HOUR), -rng.randrange(HOUR), 5 * HOUR, -3 * HOUR),
            (0.86, 0.08, 0.03, 0.03),
        )[0]
        named = rng.choice((model, None))
        label = self._feedback(request, named, time + delay)
        yield message("feedback", label)
        yield from self._repeated("feedback", label, "feedback")
        if rng.random() < 0.1:
            for revision in range(1, rng.randrange(2, 4)):
                later = time + delay + rng.choice((HOUR, 2 * HOUR, 7 * HOUR))
                yield message("feedback", self._feedback(request, named, later, revision))
        if rng.random() < 0.05:
            other = None if named else model
            yield message("feedback", self._feedback(request, other, time + HOUR))

    def _repeated(self, topic: str, event: Event, kind: str) -> Iterator[Message]:
        """Duplicates: the same bytes, or the same content with its fields in another order."""
        if self.rng.random() < 0.05:
            yield message(topic, event)
        if self.rng.random() < 0.03:
            yield message(topic, dict(reversed(event.items())))
        if self.rng.random() < 0.03:
            change = {"prediction": {"score": 0.123}, "feedback": {"source": "elsewhere"}}[kind]
            yield message(topic, event | change)

    # ---------------------------------------------------------------- the end

    def _closing(self) -> Iterator[Message]:
        """Events in every partition that move time on until all horizons have passed."""
        for partition in range(self.partitions):
            for model in (*MODELS, "challenger"):
                request = self._at_home(f"close-{model}", partition)
                prediction = self._prediction(request, model, CLOSING)
                yield message("predictions", prediction)
                yield message("feedback", self._feedback(request, model, CLOSING))
            request = self._at_home("close-none", partition)
            yield message("feedback", self._feedback(request, None, CLOSING))

    def _at_home(self, stem: str, partition: int) -> str:
        names = (f"{stem}-{number}" for number in range(10_000))
        return next(n for n in names if partition_for(n.encode(), self.partitions) == partition)

    def _late(self) -> Iterator[Message]:
        """Predictions that come when their time has long passed."""
        for number in range(max(10, self._requests // 100)):
            late = self._prediction(f"late-{number}", self.rng.choice(MODELS), START)
            yield message("predictions", late)


# -------------------------------------------------------------------- what can be wrong


def refused(
    topic: str, key: bytes | None, value: bytes | None, reason: str, model: str | None = None
) -> Message:
    """A record that must be refused."""
    headers = [(REASON, reason.encode())]
    return Message(topic, key, value, headers + ([(MODEL, model.encode())] if model else []))


def _changed(reason: str, told: bool = True, **changes: Any) -> Make:
    """Fields set to values that are not allowed; ``told``: the model can still be read."""

    def make(_: HostileInput, topic: str, event: Event) -> Message:
        spoiled = event | changes
        model = spoiled.get("model") if told else None
        return refused(topic, event["request_id"].encode(), encoded(spoiled), reason, model)

    return make


def _literal(text: str) -> Make:
    """A number written as ``text``, which JSON has no word for."""

    def make(_: HostileInput, topic: str, event: Event) -> Message:
        field = "prediction" if topic == "predictions" else "label"
        value = encoded(event | {field: "@"}).replace(b'"@"', text.encode())
        return refused(topic, event["request_id"].encode(), value, "not_a_number")

    return make


def truncated(source: HostileInput, topic: str, event: Event) -> Message:
    value = encoded(event)
    cut = source.rng.randrange(1, len(value))
    return refused(topic, event["request_id"].encode(), value[:cut], "invalid_json")


def garbage(source: HostileInput, topic: str, event: Event) -> Message:
    value = b"\xff" + source.rng.randbytes(source.rng.randrange(200))
    return refused(topic, event["request_id"].encode(), value, "invalid_utf8")


def too_large(_: HostileInput, topic: str, event: Event) -> Message:
    value = encoded(event | {"request_id": "x" * 1_000_000})
    return refused(topic, event["request_id"].encode(), value, "too_large")


def empty(_: HostileInput, topic: str, event: Event) -> Message:
    return refused(topic, event["request_id"].encode(), None, "empty")


def not_an_object(_: HostileInput, topic: str, event: Event) -> Message:
    return refused(topic, event["request_id"].encode(), b"[1, 2]", "not_an_object")


def missing_field(_: HostileInput, topic: str, event: Event) -> Message:
    part = {name: value for name, value in event.items() if name != "timestamp"}
    key = event["request_id"].encode()
    return refused(topic, key, encoded(part), "missing_field", event.get("model"))


def null_key(_: HostileInput, topic: str, event: Event) -> Message:
    return Message(topic, None, encoded(event))


def foreign_key(_: HostileInput, topic: str, event: Event) -> Message:
    return Message(topic, b"another", encoded(event))


def wrong_partition(source: HostileInput, topic: str, event: Event) -> Message:
    key = event["request_id"].encode()
    home = partition_for(key, source.partitions)
    away = (home + source.rng.randrange(1, source.partitions)) % source.partitions
    return Message(topic, key, encoded(event), partition=away)


SPOILERS: tuple[Make, ...] = (
    _changed("wrong_type", request_id=7),
    _changed("wrong_type", told=False, model=7),
    _changed("bad_timestamp", timestamp=[]),
    _changed("unknown_field", surprise=1),
    _changed("too_short", request_id=""),
    _changed("too_long", request_id="x" * 300),
    _changed("bad_timestamp", timestamp="yesterday"),
    _changed("bad_timestamp", timestamp="2024-03-01T00:00:00"),
    _changed("future_timestamp", timestamp="2199-01-01T00:00:00Z"),
    _literal("NaN"),
    _literal("Infinity"),
    truncated,
    garbage,
    empty,
    not_an_object,
    missing_field,
    null_key,
    foreign_key,
    wrong_partition,
)
