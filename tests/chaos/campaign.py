"""Seeded trials, one after another, and a table of what they showed.

    python tests/chaos/campaign.py --trials 100

Each trial has the faults of its seed, and can be repeated alone with ``--seed``. With ``--results``
a campaign goes on where it was stopped. The exit code is 1 when any trial is not exact.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import verdicts  # noqa: E402 - found by the path above
from faults import FAULTS  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from sabotage import MUTANTS  # noqa: E402
from trial import WORKER, Trial, chaos_broker  # noqa: E402
from verdicts import HEAD, Verdict, rows  # noqa: E402

FAULTS_PER_TRIAL = 3


def chosen(seed: int, kinds: Sequence[str] = tuple(FAULTS)) -> list[str]:
    """The faults of a seed; seeds in a row go through all kinds, each beside random others."""
    rng = random.Random(seed)  # noqa: S311 - reproducible faults
    names = [kinds[seed % len(kinds)], *rng.choices(kinds, k=FAULTS_PER_TRIAL - 1)]
    rng.shuffle(names)
    return names


def run_trial(trial: Trial, names: Sequence[str]) -> Verdict:
    """One trial with the named faults."""
    return trial.run([(name, FAULTS[name]) for name in names])


def table(done: Iterable[Verdict]) -> Table:
    """Faults by kind, for a terminal."""
    made = Table(*HEAD)
    for row in rows(done):
        made.add_row(*row)
    return made


def _folder(named: Path | None) -> AbstractContextManager[str]:
    if named is None:
        return tempfile.TemporaryDirectory(prefix="tidegauge-chaos-")
    named.mkdir(parents=True)
    return nullcontext(str(named))


def main() -> int:
    """Run what the command line asks for."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    ask.add_argument("--trials", type=int, default=100)
    ask.add_argument("--seed", type=int, default=1, help="of the first trial")
    ask.add_argument("--events", type=int, default=6_000, help="published in each trial")
    ask.add_argument("--fault", choices=list(FAULTS), action="append", help="only these kinds")
    ask.add_argument("--mutant", choices=MUTANTS, help="a worker with a broken commit protocol")
    ask.add_argument(
        "--default-times", action="store_true", help="session time-out and commits as by default"
    )
    ask.add_argument("--logs", type=Path, help="folder for the logs, which are else removed")
    ask.add_argument(
        "--results",
        type=Path,
        metavar="FILE",
        help="keep each verdict in it, and run no seed again that it has",
    )
    given = ask.parse_args()
    console = Console()
    done = verdicts.read(given.results) if given.results else []
    seeds = range(given.seed, given.seed + given.trials)
    with (
        _folder(given.logs) as folder,
        chaos_broker(Path(folder) / "broker") as broker,
    ):
        for seed in sorted(set(seeds) - {verdict.seed for verdict in done}):
            place = Path(folder) / f"trial-{seed}"
            place.mkdir()
            names = chosen(seed, tuple(given.fault or FAULTS))
            worker = {} if given.default_times else WORKER
            trial = Trial(
                seed, broker, place, events=given.events, mutant=given.mutant, worker=worker
            )
            verdict = run_trial(trial, names)
            done.append(verdict)
            _keep(verdict, place / "differences.txt", given.results)
            told = "exact" if verdict.exact else f"[red]NOT EXACT[/] {sorted(verdict.differences)}"
            console.print(
                f"trial {seed}: {', '.join(names)}: {told} exit codes {dict(verdict.codes)}",
                soft_wrap=True,
            )
    console.print(table(done))
    console.print(verdicts.total(done))
    return int(not all(verdict.exact for verdict in done))


def _keep(verdict: Verdict, differences: Path, results: Path | None) -> None:
    differences.write_text(f"{verdict.differences}\n", encoding="utf-8")
    if results is not None:
        with results.open("a", encoding="utf-8") as file:
            file.write(verdicts.line(verdict) + "\n")


if __name__ == "__main__":
    sys.exit(main())
