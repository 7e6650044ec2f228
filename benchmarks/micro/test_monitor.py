"""Monitor: merge, detector step, checkpoint and restore, and the page of metrics.

What monitor has taken is the load of 20,000 requests in 20 commits, with 11 segments.
"""

import math
from collections.abc import Callable
from functools import partial
from random import Random

import pytest
from prometheus_client.exposition import generate_latest
from pytest_benchmark.fixture import BenchmarkFixture

from batches import collected, feedback, predictions, some_pairs, take
from tidegauge.core.config import CoreConfig, DetectionConfig
from tidegauge.core.detect.stream import DetectorStream
from tidegauge.core.detect.verdict import PaneInput, StreamKind
from tidegauge.core.monitor.monitor import Monitor
from tidegauge.core.partial import decode, encode
from tidegauge.core.sums import SlotSums
from tidegauge.export.collector import registry
from tidegauge.export.view import View

REQUESTS, COMMITS = 20_000, 20
ROUNDS = 20
PANE_MS = 10_000
SERIES = 50_000


def commits() -> list[list[bytes]]:
    """The partials of each commit of one partition."""
    pairs = some_pairs(REQUESTS)
    collect = collected()
    told = []
    for at in range(0, REQUESTS, REQUESTS // COMMITS):
        some = pairs[at : at + REQUESTS // COMMITS]
        take(collect, predictions(some))
        take(collect, feedback(some))
        told.append([encode(each) for each in (*collect.partials(), collect.progress())])
    return told


@pytest.fixture(scope="module")
def told() -> list[list[bytes]]:
    return commits()


def monitor_of(told: list[list[bytes]]) -> Monitor:
    """A monitor that was told all of it, commit by commit."""
    monitor = Monitor(CoreConfig(), 1)
    for commit in told:
        for each in commit:
            monitor.take(decode(each))
        monitor.advance()
    return monitor


def test_decode_and_take_partials(benchmark: BenchmarkFixture, told: list[list[bytes]]) -> None:
    benchmark.pedantic(partial(monitor_of, told), rounds=ROUNDS, warmup_rounds=2)


def test_merge_sums(benchmark: BenchmarkFixture, told: list[list[bytes]]) -> None:
    """One round merges all slots of a commit."""
    slots = [SlotSums.from_wire(sums) for each in told[-1] for _, sums in decode(each).slots]

    def merge() -> SlotSums:
        whole = SlotSums()
        for sums in slots:
            whole.add(sums)
        return whole

    assert benchmark(merge).predictions


def taken(told: list[list[bytes]]) -> Callable[[], tuple[tuple[Monitor], dict[str, object]]]:
    """Sets up a round: a monitor with all of it changed."""
    return lambda: ((monitor_of(told),), {})


def test_publish(benchmark: BenchmarkFixture, told: list[list[bytes]]) -> None:
    benchmark.pedantic(
        lambda monitor: monitor.publish(set(monitor.stirred)), setup=taken(told), rounds=ROUNDS
    )


def changes(monitor: Monitor) -> list[tuple[bytes, bytes | None]]:
    """What a commit writes to the changelog."""
    return list(monitor.changes())


def test_monitor_checkpoint(benchmark: BenchmarkFixture, told: list[list[bytes]]) -> None:
    benchmark.pedantic(changes, setup=taken(told), rounds=ROUNDS)


def test_monitor_restore(benchmark: BenchmarkFixture, told: list[list[bytes]]) -> None:
    log = changes(monitor_of(told))

    def restore() -> Monitor:
        monitor = Monitor(CoreConfig(), 1)
        for key, value in log:
            monitor.restore(key, value)
        monitor.restored()
        return monitor

    assert benchmark.pedantic(restore, rounds=ROUNDS, warmup_rounds=2).models


def test_render(benchmark: BenchmarkFixture, told: list[list[bytes]]) -> None:
    """One round is a page of metrics with all windows of a model and its segments."""
    windows = [window for m in monitor_of(told).models.values() for window in m.present()]
    page = registry(lambda: View(windows=windows), SERIES)
    assert b"tidegauge_window_predictions" in benchmark(generate_latest, page)


def panes(kind: StreamKind) -> list[PaneInput]:
    """A stream without a change: three days to learn from, and an hour."""
    random = Random(7)  # noqa: S311 - a load, no secret
    made = []
    for number in range(3 * 24 * 360 + 360):
        start = number * PANE_MS
        if kind is StreamKind.RATE:
            wrong = sum(random.random() < 0.2 for _ in range(20))
            made.append(PaneInput(start, start + PANE_MS, 20, float(wrong), 0.0))
        else:
            mean = random.gauss(10.0, 1.0 / math.sqrt(20))
            made.append(PaneInput(start, start + PANE_MS, 20, mean, 1.0))
    return made


@pytest.mark.parametrize("kind", list(StreamKind))
def test_detector_steps(benchmark: BenchmarkFixture, kind: StreamKind) -> None:
    """One round is 360 panes, an hour, of a stream that is being watched."""
    config = DetectionConfig()
    made = panes(kind)
    stream = DetectorStream(kind, config)
    for pane in made[:-360]:
        stream.step(pane, lambda: 1e-3)
    state = stream.to_state()

    def step(stream: DetectorStream) -> None:
        for pane in made[-360:]:
            stream.step(pane, lambda: 1e-3)

    benchmark.pedantic(
        step,
        setup=lambda: ((DetectorStream.from_state(kind, config, state),), {}),
        rounds=ROUNDS,
    )
