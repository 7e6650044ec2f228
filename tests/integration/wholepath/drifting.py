"""An orderly input with a clear change in it, and the fixed references it is compared with.

Published in the order of event times, with a few duplicates, conflicts, corrections and invalid
records, all within the disorder that the settings allow. The same events for any number of
partitions; the closing events reach every partition of 1, 3 and 8.
"""

import random
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from wholepath.badinput import Event, message, rfc3339
from wholepath.topic import Message

from tidegauge.core.config import ReferenceConfig
from tidegauge.core.events import Outcome
from tidegauge.core.partitioner import partition_for
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.outcomes import UNSUPPORTED, binary_class, kept
from tidegauge.wire.references import encode_reference

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_709_251_200_000
"""2024-03-01T00:00:00Z."""
SPAN = 8 * HOUR
CHANGE = START + 5 * HOUR
"""From here on model ``pricing`` sees larger amounts and errs more."""
WINDOWS_END = START + 16 * HOUR
"""By now all windows with events in them have ended, but for those of the closing events."""
DAY = 24 * HOUR
CLOSING = START + 44 * HOUR
"""Late enough to make all windows final, and only once the labels have been read so far, too."""
SETTINGS = {
    # Published as fast as a busy machine allows, the logs of one topic grow apart by seconds, and a
    # broker that is away must not be taken for silence: equal results are promised within both.
    "time": {
        "out_of_orderness": "2m",
        "lateness": "10m",
        "publication_skew": "5m",
        "idle": "1h",
    },
    "join": {"label_horizon": "25h", "correction_horizon": "27h", "orphan_horizon": "1h"},
    "windows": {
        "panes": [{"width": "5m", "span": "30m"}, {"width": "1h", "span": "30d"}],
        "sizes": ["5m", "1h", "2h"],
    },
    "reference": {"learn": "1h", "min_predictions": 200},
    "detection": {"learn": "1h", "learn_samples": 200, "min_loss": 1.0, "min_silence": "30d"},
}
SHARES = {"pricing": 0.72, "fraud": 0.08, "basket": 0.1, "eta": 0.1}
"""Two binary models, one of three classes, and one that answers with minutes."""
BASKETS = {"small": 0.6, "large": 0.3, "gift": 0.1}
VERSIONS = (("pricing", "v1"), ("pricing", "v2"), ("fraud", "v1"), ("basket", "v1"), ("eta", "v1"))
COVERED = 24
"""Partitions of 1, 3 and 8 are all reached by one event in each of 24."""


class DriftingInput:
    """About ``events`` records.

    Args:
        events: how many, about.
        seed: of everything random.
    """

    def __init__(self, events: int, seed: int = 7) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - reproducible input
        self.messages = [*self._ordered(events // 2), *_closing()]
        self.held_orphans = COVERED

    def published(self) -> int:
        return len(self.messages)

    def _ordered(self, requests: int) -> list[Message]:
        timed: list[tuple[int, Message]] = []
        for number in range(requests):
            timed += self._request(f"request-{number}", START + number * SPAN // requests)
        timed.sort(key=lambda item: item[0])
        return [made for _, made in timed]

    def _request(self, request: str, time: int) -> Iterator[tuple[int, Message]]:
        rng = self._rng
        (model,) = rng.choices(list(SHARES), SHARES.values())
        changed = model == "pricing" and time >= CHANGE
        prediction = _prediction(rng, request, model, time, changed)
        yield time, message("predictions", prediction)
        if model == "pricing" and rng.random() < 0.1:
            yield time, message("predictions", prediction | {"version": "v2"})
        if rng.random() < 0.02:
            change = {} if rng.random() < 0.5 else {"latency_seconds": 0.5}
            yield time + MINUTE, message("predictions", prediction | change)
        if rng.random() < 0.02:
            yield time, Message("predictions", request.encode(), rng.choice((b"{", b"[]", None)))
        if rng.random() < 0.95:
            yield from self._labels(request, prediction, time, 0.4 if changed else 0.1)

    def _labels(
        self, request: str, prediction: Event, time: int, errors: float
    ) -> Iterator[tuple[int, Message]]:
        rng = self._rng
        delays = (rng.randrange(20 * MINUTE), rng.randrange(DAY), -rng.randrange(MINUTE))
        at = time + rng.choices(delays, (0.88, 0.1, 0.02))[0]
        label = {
            "request_id": request,
            "timestamp": rfc3339(at),
            "label": _truth(rng, prediction, errors),
        }
        if rng.random() < 0.5:
            label["model"] = prediction["model"]
        yield at, message("feedback", label)
        if rng.random() < 0.03:
            yield at + MINUTE, message("feedback", label | {"source": rng.choice(("again", "x"))})
        if rng.random() < 0.05:
            later = at + rng.randrange(2 * HOUR)
            truth = _truth(rng, prediction, 0.5)
            corrected = {"label": truth, "revision": 1, "timestamp": rfc3339(later)}
            yield later, message("feedback", label | corrected)


def _truth(rng: random.Random, prediction: Event, errors: float) -> Outcome:
    answer = prediction["prediction"]
    if prediction["model"] == "eta":
        return round(answer + rng.gauss(1, 5), rng.choice((0, 2)))
    if rng.random() >= errors:
        return answer
    if prediction["model"] == "basket":
        return rng.choice([name for name in BASKETS if name != answer])
    return 1 - answer


def _answer(rng: random.Random, model: str, score: float) -> dict[str, Any]:
    if model == "eta":
        return {"prediction": round(rng.gauss(30, 8), 2)}
    if model == "basket":
        (name,) = rng.choices(list(BASKETS), BASKETS.values())
        rest = {other: (1 - score) / 2 for other in BASKETS if other != name}
        return {"prediction": name, "probabilities": {name: score} | rest}
    return {"prediction": int(score > 0.4), "score": score}


def _prediction(
    rng: random.Random, request: str, model: str, time: int, changed: bool
) -> dict[str, Any]:
    score = round(rng.betavariate(2, 3), 6)
    features = {
        "amount": rng.gauss(80 if changed else 50, 10),
        "age": rng.gauss(0, 1e-3),
        "country": rng.choice("ABCD"),
    }
    if rng.random() < 0.03:
        features["age"] = None
    return {
        "request_id": request,
        "model": model,
        "version": "v1",
        "timestamp": rfc3339(time),
        **_answer(rng, model, score),
        "features": features,
        "segments": {"region": rng.choice(("north", "south", "west"))},
        "latency_seconds": round(rng.expovariate(50), 6),
        "code_version": "c2" if changed else "c1",
    }


def _closing() -> Iterator[Message]:
    """Events in every partition that move time on until all windows are final."""
    rng = random.Random(0)  # noqa: S311
    for place in range(COVERED):
        for model in SHARES:
            request = _at(f"close-{model}", place)
            prediction = _prediction(rng, request, model, CLOSING, changed=False)
            yield message("predictions", prediction)
            truth = _truth(rng, prediction, 0.1)
            label = {"request_id": request, "timestamp": rfc3339(CLOSING), "label": truth}
            yield message("feedback", label | {"model": model})
        orphan = {"request_id": _at("close-none", place), "timestamp": rfc3339(CLOSING), "label": 1}
        yield message("feedback", orphan)


def _at(stem: str, place: int) -> str:
    names = (f"{stem}-{number}" for number in range(10_000))
    return next(n for n in names if partition_for(n.encode(), COVERED) == place)


def mixed(messages: Iterable[Message], partitions: int) -> list[Message]:
    """The same as from two clients: librdkafka's default partitioner places the feedback.

    The closing events are where each partition needs one.
    """
    return [
        m._replace(partition=zlib.crc32(m.key) % partitions)
        if m.topic == "feedback" and m.key and not m.key.startswith(b"close-")
        else m
        for m in messages
    ]


def astray(messages: Iterable[Message], partitions: int) -> list[Message]:
    """`mixed`, and of the predictions one in eight has no key, and one in eight a common one."""
    made = []
    for m in mixed(messages, partitions):
        which = zlib.crc32(m.key + b"?") if m.key and m.topic == "predictions" else 7
        plain = m.key is None or m.value is None or m.key.startswith(b"close-")
        if which % 8 > 1 or plain:
            made.append(m)
        elif which % 8:
            made.append(m._replace(key=b"common"))
        else:
            made.append(m._replace(key=None, partition=which // 8 % partitions))
    return made


def references() -> list[Message]:
    """What is normal for each version, in effect from the start."""
    made = []
    for model, version in VERSIONS:
        rng = random.Random(model)  # noqa: S311
        rows = [_prediction(rng, "r", model, START, changed=False) for _ in range(2_000)]
        answers = [kept(row["prediction"]) for row in rows]
        binary = [binary_class(answer, None) for answer in answers]
        profile = build_reference(
            [row["features"] for row in rows],
            np.array([row.get("score", np.nan) for row in rows]),
            np.array([number for number in binary if number != UNSUPPORTED], np.int64),
            answers=answers,
            names=sorted(rows[0]["features"]),
            config=ReferenceConfig(),
            model=model,
            version=version,
            effective_from=START,
            learned_from=START - HOUR,
            learned_until=START,
        )
        made.append(Message("references", *encode_reference(profile)))
    return made
