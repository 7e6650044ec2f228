"""What one stage costs, in-process and without Kafka: CPU per event, and a profile.

    python benchmarks/stages.py [--pairs 200000] [--partitions 4] [--chunk 3500] [--profile]

Feeds `CollectStage` prebuilt chunks of one partition and takes a snapshot after every 50,000
records, then feeds `MonitorStage` the partials that came of it.
"""

import argparse
import cProfile
import gc
import pstats
import time
from collections.abc import Callable

from chunks import FEEDBACK, PREDICTIONS, chunks
from tidegauge.core.config import CoreConfig
from tidegauge.worker.collect_stage import CollectStage, CollectTopics
from tidegauge.worker.monitor_stage import MonitorStage, MonitorTopics
from tidegauge.worker.stage import Chunk, Output

SNAPSHOT_RECORDS = 50_000


def collect(todo: list[Chunk], partitions: int) -> list[Output]:
    """Run the collect stage over all chunks; the partials."""
    counts = {PREDICTIONS: partitions, "partials": 1}
    topics = CollectTopics(PREDICTIONS, FEEDBACK, "partials", "dead-letters", counts)
    stage = CollectStage(CoreConfig(), topics, 0, "murmur2")
    partials = []
    for chunk in todo:
        stage.process(chunk)
        if stage.dirty >= SNAPSHOT_RECORDS:
            partials += stage.snapshot().outputs
    partials += stage.snapshot().outputs
    ledgers = stage.core.state.ledgers.by_model
    assert all(not any(ledger.imbalance().values()) for ledger in ledgers.values())
    return partials


def monitor(partials: list[Output]) -> None:
    """Run the monitor stage over partials, with a snapshot after each; everything is published."""
    topics = MonitorTopics(
        PREDICTIONS,
        "partials",
        "alerts",
        "metrics",
        "references",
        {PREDICTIONS: 1, "partials": 1, "alerts": 1, "metrics": 1, "references": 1},
    )
    stage = MonitorStage(CoreConfig(), topics, 0, 0.0, time.monotonic)
    for offset, output in enumerate(partials):
        record = _Partial(output.value)
        stage.process(Chunk("partials", 0, offset, offset + 1, offset + 1, 0, (record,)))
        stage.snapshot()


class _Partial:
    """As much of a record as the monitor stage reads."""

    def __init__(self, value: bytes | None) -> None:
        self.value = value


def main() -> None:
    """Measure, or profile."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200_000, help="requests over all partitions")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--chunk", type=int, default=3_500, help="records of one fetch")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="show where the time goes instead")
    options = parser.parse_args()
    todo = list(chunks(options.pairs, options.partitions, options.chunk))
    events = sum(len(chunk.records) for chunk in todo)
    gc.set_threshold(100_000, 50, 100)
    gc.freeze()
    if options.profile:
        partials = _profiled(lambda: collect(todo, options.partitions))
        _profiled(lambda: monitor(partials))
        return
    for _ in range(options.repeat):
        started = time.process_time()
        partials = collect(todo, options.partitions)
        collected = time.process_time()
        monitor(partials)
        ended = time.process_time()
        print(
            f"{events} events, {len(partials)} partials: "
            f"collect {(collected - started) / events * 1e6:.2f} us/event, "
            f"monitor {(ended - collected) / len(partials) * 1e3:.2f} ms/partial"
        )


def _profiled(run: Callable[[], list[Output] | None]) -> list[Output]:
    profile = cProfile.Profile()
    result = profile.runcall(run)
    pstats.Stats(profile).sort_stats("tottime").print_stats(40)
    return result or []


if __name__ == "__main__":
    main()
