"""What single functions of the collect path cost, per event, best of several runs.

python benchmarks/micro.py
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from load import MODEL, VERSION, pairs
from tidegauge.core.collect.request import Answer, Request
from tidegauge.core.partitioner import partitions_for
from tidegauge.wire.events import content_digest, decode_feedback, decode_prediction

EVENTS = 4_000
RUNS = 15


def each(function: Callable[[Any], object], values: Iterable[Any]) -> Callable[[], object]:
    """Call ``function`` with every value."""
    return lambda: [function(value) for value in values]


def main() -> None:
    """Measure and print."""
    keys, predictions, feedback = zip(*pairs(EVENTS, 1_700_000_000_000), strict=True)
    decoded = [decode_prediction(raw) for raw in predictions]
    labels = [decode_feedback(raw) for raw in feedback]
    segments = ("carrier", "AA", "origin", "JFK")
    answer = Answer(MODEL, VERSION, 1_700_000_000_000, 2**63, 1, 0.25, segments)
    requests = [Request([answer], [])] * EVENTS
    pack = msgspec.msgpack.Encoder().encode
    packed = [pack(request) for request in requests]
    cases = {
        "decode a prediction": each(decode_prediction, predictions),
        "decode a feedback": each(decode_feedback, feedback),
        "digest of a prediction": each(content_digest, decoded),
        "digest of a feedback": each(content_digest, labels),
        "pack a request": each(pack, requests),
        "unpack a request": each(msgspec.msgpack.Decoder(Request).decode, packed),
        "home partition (batch)": lambda: partitions_for(keys, 8),
    }
    for name, run in cases.items():
        print(f"{name:24}{min(map(_seconds, [run] * RUNS)) / EVENTS * 1e6:7.2f} us")


def _seconds(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started


if __name__ == "__main__":
    main()
