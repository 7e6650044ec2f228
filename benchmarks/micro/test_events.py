"""Events: decoding, digest, home partition. A round is 1,000 events."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from batches import predictions, some_pairs
from tidegauge.core.partitioner import partitions_for
from tidegauge.wire.events import content_digests, decode_feedbacks, decode_predictions

EVENTS = 1_000
PAIRS = some_pairs(EVENTS)


def test_decode_predictions(benchmark: BenchmarkFixture) -> None:
    values = [pair.prediction for pair in PAIRS]
    assert len(benchmark(decode_predictions, values)) == EVENTS


def test_decode_feedback(benchmark: BenchmarkFixture) -> None:
    values = [pair.feedback for pair in PAIRS]
    assert len(benchmark(decode_feedbacks, values)) == EVENTS


def test_digest_predictions(benchmark: BenchmarkFixture) -> None:
    events = predictions(PAIRS).events
    assert len(benchmark(content_digests, events)) == EVENTS


@pytest.mark.parametrize("partitioner", ["murmur2", "crc32"])
def test_home_partitions(benchmark: BenchmarkFixture, partitioner: str) -> None:
    keys = [pair.key for pair in PAIRS]
    assert len(benchmark(partitions_for, keys, 8, partitioner)) == EVENTS
