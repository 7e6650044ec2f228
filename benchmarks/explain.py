"""How long `tidegauge explain` takes, by the age of the request.

    python benchmarks/explain.py [--pairs 2000000] [--partitions 4] [--repeats 3] [--save]

Starts the embedded broker, fills predictions and feedback, has a worker read them all, and then
explains requests of several ages, and one that was never published. The worker retains requests for
some minutes of event time, so the older ones are found in the topics only. Measured are the command
as a user runs it, with the start of Python, and the look-up in it alone.
"""

import argparse
import asyncio
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import results
from cluster import cluster
from load import Load, Shape
from tidegauge.lookup.request import UnknownRequest, look_up
from tidegauge.settings.load import load
from workers import drained, started

AGES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
"""Of a request, as the part of all requests that came after it."""
SECTIONS: dict[str, Any] = {"join": {"label_horizon": "2m", "correction_horizon": "2m"}}
NEVER = "req-never"


def measured(settings: Path, request_id: str, repeats: int) -> dict[str, float]:
    """Medians of the command's seconds and CPU seconds, and of those of the look-up in it."""
    command = [sys.executable, "-m", "tidegauge", "--config", str(settings), "explain", request_id]
    loaded = load(settings)
    rows = []
    for _ in range(repeats):
        begun, spent = time.monotonic(), cpu_of_children()
        subprocess.run(command, capture_output=True, check=request_id != NEVER)
        whole = time.monotonic() - begun, cpu_of_children() - spent
        begun, spent = time.monotonic(), time.process_time()
        try:
            look_up(loaded, request_id)
        except UnknownRequest:
            assert request_id == NEVER
        rows.append((*whole, time.monotonic() - begun, time.process_time() - spent))
    names = ("command", "command_cpu", "lookup", "lookup_cpu")
    found = {n: round(median(c), 2) for n, c in zip(names, zip(*rows, strict=True), strict=True)}
    print(
        f"{request_id}: {found['command']:.2f} s ({found['command_cpu']:.2f} s CPU), the look-up "
        f"{found['lookup']:.2f} s ({found['lookup_cpu']:.2f} s CPU)",
        flush=True,
    )
    return found


def cpu_of_children() -> float:
    """CPU seconds of processes that were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=2_000_000, help="requests in the topics")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--save", action="store_true", help=results.SAVE_HELP)
    options = parser.parse_args()
    made = Load(Shape())
    with cluster() as place:
        settings = place.settings("explain", options.partitions, **SECTIONS)
        asyncio.run(place.fill(made, options.pairs, options.partitions))
        with started(place, "explain", options.partitions, **SECTIONS) as workers:
            drained(workers, 2 * options.pairs, options.partitions)
        rows = []
        for age in AGES:
            number = round((1 - age) * (options.pairs - 1))
            seconds = measured(settings, made.key(number).decode(), options.repeats)
            rows.append({"after_it": options.pairs - 1 - number} | seconds)
        never = measured(settings, NEVER, options.repeats)
    parameters = {key: value for key, value in vars(options).items() if key != "save"}
    results.finish("explain", parameters, {"ages": rows, "never": never}, save=options.save)


if __name__ == "__main__":
    main()
