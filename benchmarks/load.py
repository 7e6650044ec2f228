"""The load of the benchmarks: predictions and feedback as a serving system would publish them.

By default a prediction has 8 features (6 numbers, 2 categories), 2 segments, a score and a latency,
and is about 340 bytes of JSON; a feedback is about 100 bytes. Event time runs at 1,000 predictions
a second, in order; labels follow a minute later. Everything is seeded, so two runs see one load.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

import msgspec

MODEL = "delay"
VERSION = 7

_CARRIERS = ("AA", "B6", "DL", "EV", "MQ", "UA", "US", "WN")
_SEGMENT_FIELDS = ("origin", "carrier", "channel", "region")
_POOL = 4_096

_FEATURES: tuple[tuple[str, Callable[[Random], object]], ...] = (
    ("hour", lambda random: random.randrange(5, 24)),
    ("distance", lambda random: random.randrange(80, 3_000)),
    ("wind", lambda random: round(random.gammavariate(2, 5), 2)),
    ("visibility", lambda random: round(random.uniform(0, 10), 1)),
    ("pressure", lambda random: round(random.gauss(1017, 7), 1)),
    ("earlier", lambda random: round(random.expovariate(0.1), 3)),
    ("carrier", lambda random: random.choice(_CARRIERS)),
    ("season", lambda random: random.choice(("winter", "spring", "summer", "autumn"))),
)


class Pair(NamedTuple):
    """Key, prediction and feedback of one request."""

    key: bytes
    prediction: bytes
    feedback: bytes


@dataclass(frozen=True)
class Shape:
    """What the events of a load are like.

    Attributes:
        features: features of a prediction; beyond 8 the same kinds come again.
        segments: how many values each segment field has.
        models: models, taking turns.
        versions: versions of each model, taking turns.
        label_delay_ms: event time from a prediction to its feedback.
        rate: predictions per second of event time.
    """

    features: int = 8
    segments: tuple[int, ...] = (3, 8)
    models: int = 1
    versions: int = 1
    label_delay_ms: int = 60_000
    rate: float = 1_000.0


class Load:
    """Makes the events of a shape, by the number of their request."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._bodies = _bodies(shape)

    def key(self, number: int) -> bytes:
        """The request id."""
        return b"req-%012d" % number

    def prediction(self, number: int, time: str) -> bytes:
        """The answer to a request, at a time written as RFC 3339."""
        model, turn = number % self.shape.models, number // self.shape.models
        name = MODEL if self.shape.models == 1 else f"{MODEL}-{model}"
        version = VERSION + turn % self.shape.versions
        return (
            f'{{"request_id":"req-{number:012d}","timestamp":"{time}","model":"{name}",'
            f'"version":"{version}",{self._bodies[number % _POOL][0]}'
        ).encode()

    def feedback(self, number: int, time: str) -> bytes:
        """The truth about a request, at a time written as RFC 3339."""
        label = self._bodies[number % _POOL][1]
        return f'{{"request_id":"req-{number:012d}","timestamp":"{time}","label":{label}}}'.encode()

    def time_ms(self, number: int, start_ms: int) -> int:
        """When a request is answered if request 0 is at ``start_ms``."""
        return start_ms + round(number * 1_000 / self.shape.rate)

    def pairs(self, count: int, start_ms: int) -> Iterator[Pair]:
        """Requests 0 to ``count - 1``; request 0 is answered at ``start_ms``."""
        for number in range(count):
            time = self.time_ms(number, start_ms)
            yield Pair(
                self.key(number),
                self.prediction(number, rfc3339(time)),
                self.feedback(number, rfc3339(time + self.shape.label_delay_ms)),
            )


def _bodies(shape: Shape) -> list[tuple[str, int]]:
    """What answers say apart from id, time and model, with the label that comes true."""
    random = Random(7)  # noqa: S311 - a load, no secret
    made = []
    for _ in range(_POOL):
        score = round(random.betavariate(2, 4), 4)
        body = {
            "prediction": int(score > 0.4),
            "score": score,
            "features": dict(_feature(number, random) for number in range(shape.features)),
            "segments": {
                field: _code(random.randrange(values))
                for field, values in zip(_SEGMENT_FIELDS, shape.segments, strict=False)
            },
            "latency_seconds": round(random.lognormvariate(-4, 0.5), 5),
        }
        text = msgspec.json.encode(body).decode()
        made.append((text[1:], int(random.random() < score)))
    return made


def _feature(number: int, random: Random) -> tuple[str, object]:
    again, kind = divmod(number, len(_FEATURES))
    name, draw = _FEATURES[kind]
    return f"{name}{again or ''}", draw(random)


def _code(number: int) -> str:
    """Three letters, as airports have."""
    return "".join(chr(ord("A") + number // 26**place % 26) for place in (2, 1, 0))


def rfc3339(time_ms: int) -> str:
    """A time as events write it."""
    return (
        f"{datetime.fromtimestamp(time_ms // 1_000, UTC):%Y-%m-%dT%H:%M:%S}.{time_ms % 1_000:03d}Z"
    )
