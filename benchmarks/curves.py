"""How the cost of an event grows with features, segments, models, versions and label delay.

    python benchmarks/curves.py [--pairs 100000] [--repeat 3] [--only features ...] [--save]

Both stages in-process, without Kafka (`stagepath.py`): what is measured is processing, and a
machine that does other things disturbs it least. Each point is the cheapest of several runs.
"""

import argparse
import gc
from collections.abc import Mapping

import results
from chunks import chunks
from load import Load, Shape
from stagepath import Spent, StagePath
from stages import CHUNK_RECORDS, CHUNKS_PER_SECOND
from tidegauge.core.config import DAY, HOUR, MINUTE, SECOND, CoreConfig

PARTITIONS = 4
MANY_FEATURES = 25
"""Predictions with more features than this come in a smaller number."""

SLOW_RATE = 10.0
"""Predictions per second of event time where label delays are to be hours."""

CURVES: Mapping[str, Mapping[float, Shape]] = {
    "features": {count: Shape(features=count) for count in (1, 4, 8, 16, 32, 64, 128, 200)},
    "segments": {
        sum(values): Shape(segments=values)
        for values in ((), (5,), (5, 5), (25,), (25, 25), (50, 50), (50, 50, 50, 50))
    },
    "models": {count: Shape(models=count) for count in (1, 2, 5, 10, 20, 50, 100, 200)},
    "versions": {count: Shape(versions=count) for count in (1, 2, 5, 10, 20)},
    "label_delay": {
        delay / SECOND: Shape(label_delay_ms=delay, rate=SLOW_RATE)
        for delay in (SECOND, 10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY - HOUR)
    },
}
"""By curve the loads, by what stands on its axis: counts, values of all segment fields, seconds."""


def point(shape: Shape, pairs: int, repeat: int) -> dict[str, float]:
    """Microseconds and bytes per event."""
    count = max(pairs * MANY_FEATURES // max(shape.features, MANY_FEATURES), pairs // 8)
    todo = chunks(Load(shape), count, PARTITIONS, CHUNK_RECORDS)
    gc.collect()
    runs = [StagePath(PARTITIONS, CoreConfig()).run(todo, CHUNKS_PER_SECOND) for _ in range(repeat)]
    best = min(runs, key=lambda spent: spent.collect + spent.monitor)
    return per_event(best)


def per_event(spent: Spent) -> dict[str, float]:
    """What one event costs: microseconds of each stage, bytes written to each topic."""
    each = {
        "collect_us": spent.collect * 1e6,
        "monitor_us": spent.monitor * 1e6,
        "collect_state_bytes": float(spent.collect_state),
        "partials_bytes": float(spent.partials),
        "monitor_state_bytes": float(spent.monitor_state),
        "published_bytes": float(spent.published),
    }
    return {name: round(value / spent.events, 2) for name, value in each.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=100_000, help="requests of a point, at most")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=list(CURVES), default=list(CURVES))
    parser.add_argument("--save", action="store_true", help=results.SAVE_HELP)
    options = parser.parse_args()
    gc.set_threshold(500_000, 20, 100)  # as the worker does
    for name in options.only:
        points = []
        for x, shape in CURVES[name].items():
            costs = point(shape, options.pairs, options.repeat)
            points.append({"x": x} | costs)
            print(
                f"{name:12}{x:8g}  collect {costs['collect_us']:8.2f} us/event  monitor "
                f"{costs['monitor_us']:8.2f}  partials {costs['partials_bytes']:8.1f} bytes/event",
                flush=True,
            )
        parameters = {"pairs": options.pairs, "repeat": options.repeat}
        results.finish(f"curve-{name}", parameters, {"points": points}, save=options.save)


if __name__ == "__main__":
    main()
