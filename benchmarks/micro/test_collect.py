"""Collect: join and fold, checkpoint and restore. A round is 4,000 requests of one partition.

Predictions that come again are found to be duplicates, one by one; feedback that came before its
prediction waited for it. Both are rare, and not what the join is made fast for.
"""

from functools import partial

from pytest_benchmark.fixture import BenchmarkFixture

from batches import collected, feedback, predictions, some_pairs, take
from tidegauge.core.collect.collect import Collect
from tidegauge.core.config import CoreConfig
from tidegauge.core.partial import encode

PAIRS = some_pairs(4_000)
PREDICTIONS = predictions(PAIRS)
FEEDBACK = feedback(PAIRS)
ROUNDS = 20


def test_join_and_fold_predictions(benchmark: BenchmarkFixture) -> None:
    benchmark.pedantic(
        take, setup=lambda: ((collected(), PREDICTIONS), {}), rounds=ROUNDS, warmup_rounds=2
    )


def test_join_predictions_again(benchmark: BenchmarkFixture) -> None:
    benchmark.pedantic(
        take,
        setup=lambda: ((collected(PREDICTIONS), PREDICTIONS), {}),
        rounds=ROUNDS,
        warmup_rounds=2,
    )


def test_join_and_fold_feedback(benchmark: BenchmarkFixture) -> None:
    benchmark.pedantic(
        take,
        setup=lambda: ((collected(PREDICTIONS), FEEDBACK), {}),
        rounds=ROUNDS,
        warmup_rounds=2,
    )


def test_join_feedback_before_predictions(benchmark: BenchmarkFixture) -> None:
    benchmark.pedantic(
        take,
        setup=lambda: ((collected(FEEDBACK), PREDICTIONS), {}),
        rounds=ROUNDS,
        warmup_rounds=2,
    )


def checkpoint(collect: Collect) -> int:
    """What a commit takes; the bytes of the partials."""
    size = sum(len(encode(told)) for told in collect.partials())
    assert collect.changes()
    return size


def test_collect_checkpoint(benchmark: BenchmarkFixture) -> None:
    benchmark.pedantic(
        checkpoint,
        setup=lambda: ((collected(PREDICTIONS, FEEDBACK),), {}),
        rounds=ROUNDS,
        warmup_rounds=2,
    )


def restore(log: list[tuple[bytes, bytes | None]]) -> Collect:
    """A partition as its changelog tells it."""
    collect = Collect(CoreConfig(), 0, 1)
    for key, value in log:
        collect.restore(key, value)
    collect.restored()
    return collect


def test_collect_restore(benchmark: BenchmarkFixture) -> None:
    collect = collected(PREDICTIONS, FEEDBACK)
    collect.partials()
    log = collect.changes()
    restored = benchmark.pedantic(partial(restore, log), rounds=ROUNDS, warmup_rounds=2)
    assert restored.state.models.keys() == collect.state.models.keys()
