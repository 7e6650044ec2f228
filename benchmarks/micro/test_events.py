"""Events: decoding, digest, home partition. A round is 1,000 events."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from batches import some_pairs
from tidegauge.core.partitioner import partitions_for
from tidegauge.wire.events import content_digest, decode_feedback, decode_prediction

EVENTS = 1_000
PAIRS = some_pairs(EVENTS)


def test_decode_predictions(benchmark: BenchmarkFixture) -> None:
    values = [pair.prediction for pair in PAIRS]
    assert len(benchmark(lambda: [decode_prediction(value) for value in values])) == EVENTS


def test_decode_feedback(benchmark: BenchmarkFixture) -> None:
    values = [pair.feedback for pair in PAIRS]
    assert len(benchmark(lambda: [decode_feedback(value) for value in values])) == EVENTS


def test_digest_predictions(benchmark: BenchmarkFixture) -> None:
    events = [decode_prediction(pair.prediction) for pair in PAIRS]
    assert len(benchmark(lambda: [content_digest(event) for event in events])) == EVENTS


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32"])
def test_home_partitions(benchmark: BenchmarkFixture, partitioner: str) -> None:
    keys = [pair.key for pair in PAIRS]
    assert len(benchmark(partitions_for, keys, 8, partitioner)) == EVENTS
