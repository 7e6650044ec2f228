"""What single functions of the collect path cost, per event, best of several runs.

python benchmarks/micro.py
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from load import MODEL, VERSION, pairs
from tidegauge.core.collect.batch import Batch
from tidegauge.core.collect.collect import Collect
from tidegauge.core.collect.request import Answer, Request
from tidegauge.core.config import CoreConfig
from tidegauge.core.monitor.monitor import Monitor
from tidegauge.core.partial import decode, encode
from tidegauge.core.partitioner import partitions_for
from tidegauge.wire.events import content_digest, decode_feedback, decode_prediction

EVENTS = 4_000
START = 1_700_000_000_000
RUNS = 15


def each(function: Callable[[Any], object], values: Iterable[Any]) -> Callable[[], object]:
    """Call ``function`` with every value."""
    return lambda: [function(value) for value in values]


def batch(events: list[Any], keys: tuple[bytes, ...]) -> Batch[Any]:
    """One batch of all ``events``, appended at their own times."""
    appends = [round(event.timestamp.timestamp() * 1000) for event in events]
    digests = [content_digest(event) for event in events]
    return Batch(events, list(keys), list(range(len(events))), appends, digests)


def collected(predictions: Batch[Any], feedback: Batch[Any]) -> Callable[[], list[bytes]]:
    """A fresh partition takes all of both topics and tells what changed."""

    def run() -> list[bytes]:
        collect = Collect(CoreConfig(), 0, 1)
        collect.predictions(predictions, predictions.appends[-1])
        collect.feedback(feedback, feedback.appends[-1])
        return [encode(partial) for partial in collect.partials()]

    return run


def taken(partials: list[bytes]) -> Callable[[], object]:
    """A fresh monitor adds up what one partition tells."""

    def run() -> object:
        monitor = Monitor(CoreConfig(), 1)
        for partial in partials:
            monitor.take(decode(partial))
        return monitor

    return run


def main() -> None:
    """Measure and print."""
    keys, predictions, feedback = zip(*pairs(EVENTS, START), strict=True)
    decoded = [decode_prediction(raw) for raw in predictions]
    labels = [decode_feedback(raw) for raw in feedback]
    segments = ("carrier", "AA", "origin", "JFK")
    answer = Answer(MODEL, VERSION, START, 2**63, "1", 0.25, segments)
    requests = [Request([answer], [])] * EVENTS
    pack = msgspec.msgpack.Encoder().encode
    packed = [pack(request) for request in requests]
    both = collected(batch(decoded, keys), batch(labels, keys))
    cases = {
        "decode a prediction": each(decode_prediction, predictions),
        "decode a feedback": each(decode_feedback, feedback),
        "digest of a prediction": each(content_digest, decoded),
        "digest of a feedback": each(content_digest, labels),
        "pack a request": each(pack, requests),
        "unpack a request": each(msgspec.msgpack.Decoder(Request).decode, packed),
        "home partition (batch)": lambda: partitions_for(keys, 8),
        "collect a labelled pair": both,
        "take its partials": taken(both()),
    }
    for name, run in cases.items():
        print(f"{name:24}{min(map(_seconds, [run] * RUNS)) / EVENTS * 1e6:7.2f} us")


def _seconds(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


if __name__ == "__main__":
    main()
