"""Seeded trials, one after another, and a table of what they showed.

    python tests/chaos/campaign.py --trials 100

Each trial has the faults of its seed, and can be repeated alone with ``--seed``. The exit code is 1
when any trial is not exact.
"""

import argparse
import random
import statistics
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

from faults import FAULTS  # noqa: E402 - found by the path above
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from sabotage import MUTANTS  # noqa: E402
from trial import WORKER, Trial, Verdict, chaos_broker  # noqa: E402

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


def table(verdicts: Iterable[Verdict]) -> Table:
    """Faults by kind: how many, in how many trials something was wrong, and takeover times."""
    injected: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    takeovers: dict[str, list[float]] = defaultdict(list)
    for verdict in verdicts:
        injected += verdict.faults
        wrong.update(verdict.faults.keys() if not verdict.exact else ())
        for fault, seconds in verdict.takeovers:
            takeovers[fault].append(seconds)
    made = Table("fault", "injected", "in trials not exact", "takeovers", "median", "p90", "max")
    for name in sorted(injected.keys() | takeovers.keys()):
        times = sorted(takeovers[name])
        made.add_row(
            name,
            str(injected[name] or ""),
            str(wrong[name]) if injected[name] else "",
            str(len(times) or ""),
            *(f"{seconds:.1f} s" for seconds in _summary(times)),
        )
    return made


def _summary(times: Sequence[float]) -> list[float]:
    if not times:
        return []
    p90 = times[min(len(times) - 1, int(0.9 * len(times)))]
    return [statistics.median(times), p90, times[-1]]


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
    given = ask.parse_args()
    console = Console()
    kinds = tuple(given.fault or FAULTS)
    verdicts: list[Verdict] = []
    with (
        _folder(given.logs) as folder,
        chaos_broker(Path(folder) / "broker") as broker,
    ):
        for seed in range(given.seed, given.seed + given.trials):
            place = Path(folder) / f"trial-{seed}"
            place.mkdir()
            names = chosen(seed, kinds)
            worker = {} if given.default_times else WORKER
            trial = Trial(
                seed, broker, place, events=given.events, mutant=given.mutant, worker=worker
            )
            verdict = run_trial(trial, names)
            verdicts.append(verdict)
            (place / "differences.txt").write_text(f"{verdict.differences}\n", encoding="utf-8")
            told = "exact" if verdict.exact else f"[red]NOT EXACT[/] {sorted(verdict.differences)}"
            console.print(
                f"trial {seed}: {', '.join(names)}: {told} exit codes {dict(verdict.codes)}",
                soft_wrap=True,
            )
    console.print(table(verdicts))
    bad = [verdict.seed for verdict in verdicts if not verdict.exact]
    console.print(
        f"{len(verdicts)} trials, {sum(v.events for v in verdicts):,} events, "
        f"{sum(v.lost for v in verdicts)} lost, {sum(v.doubled for v in verdicts)} doubled, "
        f"{len(bad)} trials not exact" + (f": seeds {bad}" if bad else "")
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
