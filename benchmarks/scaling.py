"""How one and two workers share a machine with the broker, and what many partitions cost.

    python benchmarks/scaling.py workers [--pairs 300000] [--rounds 3] [--save]
    python benchmarks/scaling.py partitions [--pairs 150000] [--rounds 2] [--save]

Workers over prefilled topics, their metrics scraped once a second, as in `throughput.py`. The share
of the broker is told apart, since on a machine of its own it would not slow the workers down.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Sequence
from statistics import median

import results
from cluster import Cluster, cluster
from load import Load, Shape
from outcome import Outcome
from workers import drained, scraped, started

WORKERS = (1, 2)
PARTITIONS = (4, 8, 16, 32, 64)
OF_WORKERS = 8
"""Partitions where the number of workers is what changes."""


def run(place: Cluster, name: str, inputs: str, sizes: tuple[int, int, int]) -> Outcome:
    """Some workers over some partitions with some requests, from start to end."""
    workers, partitions, pairs = sizes
    with started(place, name, partitions, workers, inputs=inputs) as group, scraped(group):
        outcome = drained(group, 2 * pairs, partitions)
    outcome.show(name)
    return outcome


def fill(place: Cluster, partitions: int, pairs: int) -> str:
    """Prefilled topics; the prefix of their names."""
    inputs = f"in{partitions}."
    place.settings(f"fill{partitions}", partitions, inputs=inputs)
    asyncio.run(place.fill(Load(Shape()), pairs, partitions, inputs))
    return inputs


def point(x: int, outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Medians of several runs; ``cores`` are those that workers and broker kept busy."""

    def middle(values: Sequence[float], digits: int) -> float:
        return round(median(values), digits)

    return {
        "x": x,
        "events_per_second": middle([o.rate for o in outcomes], 0),
        "cpu_per_million": middle([o.cpu_per_million for o in outcomes], 2),
        "broker_per_million": middle([o.broker_per_million for o in outcomes], 2),
        "worker_cores": middle([o.cpu_seconds / o.seconds for o in outcomes], 2),
        "broker_cores": middle([o.broker_seconds / o.seconds for o in outcomes], 2),
        "peak_mib": middle([o.peak_mib for o in outcomes], 0),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["workers", "partitions"])
    parser.add_argument("--pairs", type=int, help="requests in the topics")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--save", action="store_true", help=results.SAVE_HELP)
    options = parser.parse_args()
    of_workers = options.what == "workers"
    pairs = options.pairs or (300_000 if of_workers else 150_000)
    rounds = options.rounds or (3 if of_workers else 2)
    outcomes: dict[int, list[Outcome]] = defaultdict(list)
    with cluster() as place:
        sizes = [OF_WORKERS] if of_workers else list(PARTITIONS)
        inputs = {partitions: fill(place, partitions, pairs) for partitions in sizes}
        for number in range(rounds):
            for x in WORKERS if of_workers else PARTITIONS:
                workers, partitions = (x, OF_WORKERS) if of_workers else (1, x)
                name = f"{options.what}{x}-{number}"
                size = (workers, partitions, pairs)
                outcomes[x].append(run(place, name, inputs[partitions], size))
    points = [point(x, some) for x, some in outcomes.items()]
    parameters = {"pairs": pairs, "rounds": rounds}
    results.finish(f"scaling-{options.what}", parameters, {"points": points}, save=options.save)


if __name__ == "__main__":
    main()
