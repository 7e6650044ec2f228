"""What the stages cost, in-process and without Kafka: CPU per event, and a profile.

    python benchmarks/stages.py [--pairs 100000] [--partitions 4] [--profile]

Feeds `CollectStage` and `MonitorStage` prebuilt chunks as `stagepath.py` says.
"""

import argparse
import cProfile
import gc
import pstats

from chunks import chunks
from load import Load, Shape
from stagepath import StagePath
from tidegauge.core.config import CoreConfig

CHUNK_RECORDS = 2_500
CHUNKS_PER_SECOND = 2
"""A commit of a partition covers 5,000 records, as in a worker at full speed."""


def main() -> None:
    """Measure, or profile."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=100_000, help="requests over all partitions")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="show where the time goes instead")
    options = parser.parse_args()
    todo = chunks(Load(Shape()), options.pairs, options.partitions, CHUNK_RECORDS)
    gc.set_threshold(500_000, 20, 100)
    gc.freeze()
    if options.profile:
        profile = cProfile.Profile()
        path = StagePath(options.partitions, CoreConfig())
        profile.runcall(path.run, todo, CHUNKS_PER_SECOND)
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)
        return
    for _ in range(options.repeat):
        spent = StagePath(options.partitions, CoreConfig()).run(todo, CHUNKS_PER_SECOND)
        print(
            f"{spent.events} events: collect {spent.collect / spent.events * 1e6:.2f} us/event, "
            f"monitor {spent.monitor / spent.events * 1e6:.2f} us/event"
        )


if __name__ == "__main__":
    main()
