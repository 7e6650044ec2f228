"""The load of the benchmarks: predictions and feedback as a serving system would publish them.

A prediction has 8 features (6 numbers, 2 categories), 2 segments, a score and a latency, and is
about 340 bytes of JSON; a feedback is about 100 bytes. Event time runs at 1,000 predictions a
second, in order; labels follow a minute later. Everything is seeded, so two runs see one load.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import msgspec

MODEL = "delay"
VERSION = "7"
EVENTS_PER_SECOND = 1_000
LABEL_DELAY_MS = 60_000

_AIRPORTS = ("JFK", "LGA", "EWR")
_CARRIERS = ("AA", "B6", "DL", "EV", "MQ", "UA", "US", "WN")
_POOL = 4_096

Pair = tuple[bytes, bytes, bytes]
"""Key, prediction and feedback of one request."""


def pairs(count: int, start_ms: int, first: int = 0) -> Iterator[Pair]:
    """Requests ``first`` to ``first + count - 1``; request 0 is answered at ``start_ms``."""
    made = bodies()
    for number in range(first, first + count):
        key = f"req-{number:012d}"
        time = start_ms + number * 1_000 // EVENTS_PER_SECOND
        answered, label = made[number % _POOL]
        yield (
            key.encode(),
            f'{{"request_id":"{key}","timestamp":"{rfc3339(time)}",{answered}'.encode(),
            f'{{"request_id":"{key}","timestamp":"{rfc3339(time + LABEL_DELAY_MS)}",'
            f'"label":{label}}}'.encode(),
        )


def bodies() -> list[tuple[str, int]]:
    """What answers say apart from id and time, with the label that comes true."""
    random = Random(7)  # noqa: S311 - a load, no secret
    made = []
    for _ in range(_POOL):
        score = round(random.betavariate(2, 4), 4)
        origin, carrier = random.choice(_AIRPORTS), random.choice(_CARRIERS)
        body = {
            "model": MODEL,
            "version": VERSION,
            "prediction": int(score > 0.4),
            "score": score,
            "features": {
                "hour": random.randrange(5, 24),
                "distance": random.randrange(80, 3_000),
                "wind": round(random.gammavariate(2, 5), 2),
                "visibility": round(random.uniform(0, 10), 1),
                "pressure": round(random.gauss(1017, 7), 1),
                "earlier": round(random.expovariate(0.1), 3),
                "carrier": carrier,
                "season": random.choice(("winter", "spring", "summer", "autumn")),
            },
            "segments": {"origin": origin, "carrier": carrier},
            "latency_seconds": round(random.lognormvariate(-4, 0.5), 5),
        }
        text = msgspec.json.encode(body).decode()
        made.append((text[1:], int(random.random() < score)))
    return made


def rfc3339(time_ms: int) -> str:
    """A time in ms as events carry it."""
    return (
        f"{datetime.fromtimestamp(time_ms / 1_000, UTC):%Y-%m-%dT%H:%M:%S}.{time_ms % 1_000:03d}Z"
    )
