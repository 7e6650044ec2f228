"""Throughput of one worker over the whole path, beside a limit and an idiomatic Faust program.

    python benchmarks/throughput.py [--pairs 500000] [--rounds 3] [--faust-pairs 25000] [--save]

Starts the embedded broker, fills predictions and feedback, and then by turns lets a bare consumer
(`limit.py`), a worker (`whole.py`, its metrics scraped once a second) and a Faust program
(`idiomatic_faust.py`) read them, each with topics and a group of its own. The Faust program, which
is much slower, reads fewer of the same events, from topics of its own. A run without ``--save``
prints; with it, the figures are also written to `results/throughput.json`.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median

import results
from cluster import Cluster, broker_cpu, cluster
from idiomatic_faust import TABLES
from load import Load, Shape
from outcome import BEGUN, Outcome
from workers import HERE, RUN_SECONDS, BenchmarkError, drained, scraped, started

FAUST = "faust."
"""Prefix of the topics that the Faust program reads."""


def program(script: str, settings: Path, records: int) -> Outcome:
    """Run one measured program to its end."""
    before = 0.0
    outcome = None
    with subprocess.Popen(
        [sys.executable, str(HERE / script), str(settings), str(records)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        overdue = threading.Timer(RUN_SECONDS, process.kill)
        overdue.start()
        for line in process.stdout:  # Faust prints more than these two
            if line.strip() == BEGUN:
                before = broker_cpu()
            elif line.startswith("{"):
                spent = broker_cpu() - before
                outcome = replace(Outcome(**json.loads(line)), broker_seconds=spent)
        overdue.cancel()
    if outcome is None:
        raise BenchmarkError(f"{script} ended without a report, with code {process.returncode}")
    return outcome


def round_of(place: Cluster, number: int, options: argparse.Namespace) -> dict[str, Outcome]:
    """Each program once, on the same topics."""
    name, partitions, records = f"run{number}", options.partitions, 2 * options.pairs
    settings = place.settings(f"{name}-other", partitions)
    outcomes = {"limit": program("limit.py", settings, records)}
    outcomes["limit"].show("limit")
    with started(place, name, partitions) as workers, scraped(workers):
        outcomes["worker"] = drained(workers, records, partitions)
    outcomes["worker"].show("worker")
    if options.faust_pairs:
        settings = place.settings(f"{name}-faust", partitions, inputs=FAUST)
        changelogs = [f"{name}-faust-{table}-changelog" for table in TABLES]
        asyncio.run(place.create(changelogs, partitions))
        outcomes["faust"] = program("idiomatic_faust.py", settings, 2 * options.faust_pairs)
        outcomes["faust"].show("faust")
    return outcomes


def ratio(rounds: list[dict[str, Outcome]], of: str, to: str) -> dict[str, float]:
    """How much faster the one is than the other in the same round: by the clock, and by CPU."""
    pairs = [(each[of], each[to]) for each in rounds]
    return {
        "by_clock": round(median(one.rate / other.rate for one, other in pairs), 3),
        "by_cpu": round(median(o.cpu_per_million / one.cpu_per_million for one, o in pairs), 3),
    }


def summary(rounds: list[dict[str, Outcome]]) -> dict[str, object]:
    """Medians of each program, and ratios within the rounds."""
    names = list(rounds[0])
    ratios = {f"worker/{name}": ratio(rounds, "worker", name) for name in names if name != "worker"}
    return {
        "medians": {
            name: {
                "events_per_second": round(median(each[name].rate for each in rounds)),
                "cpu_per_million": round(median(each[name].cpu_per_million for each in rounds), 2),
                "broker_per_million": round(
                    median(each[name].broker_per_million for each in rounds), 2
                ),
                "peak_mib": round(median(each[name].peak_mib for each in rounds)),
            }
            for name in names
        },
        "ratios": ratios,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=500_000, help="requests in the topics")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument(
        "--faust-pairs", type=int, default=25_000, help="requests the Faust program reads; 0: none"
    )
    parser.add_argument("--save", action="store_true", help=results.SAVE_HELP)
    options = parser.parse_args()
    with cluster() as place:
        place.settings("fill", options.partitions)
        begun = time.monotonic()
        asyncio.run(place.fill(Load(Shape()), options.pairs, options.partitions))
        place.settings("fill-faust", options.partitions, inputs=FAUST)
        asyncio.run(place.fill(Load(Shape()), options.faust_pairs, options.partitions, FAUST))
        print(f"filled {2 * options.pairs:,} events in {time.monotonic() - begun:.0f} s")
        rounds = [round_of(place, number, options) for number in range(options.rounds)]
    told = summary(rounds)
    for name, ratios in told["ratios"].items():  # type: ignore[attr-defined]
        print(f"{name}: {ratios['by_clock']:.2f} by the clock, {ratios['by_cpu']:.2f} by CPU time")
    parameters = {key: value for key, value in vars(options).items() if key != "save"}
    runs = [{name: asdict(outcome) for name, outcome in each.items()} for each in rounds]
    results.finish("throughput", parameters, told | {"rounds": runs}, save=options.save)


if __name__ == "__main__":
    main()
