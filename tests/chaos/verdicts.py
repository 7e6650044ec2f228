"""What trials showed: one verdict each, kept in a file of lines and told as a table.

A file holds a line of JSON for each trial, so that a campaign of hours can be stopped and gone on
with, and its table be made anew (`benchmarks/redraw.py`).
"""

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HEAD = ("fault", "injected", "in trials not exact", "takeovers", "median", "p90", "max")


@dataclass
class Verdict:
    """What a trial showed.

    Attributes:
        seed: of the trial.
        faults: how often each was injected.
        events: how many were published.
        lost: events that no ledger has.
        doubled: events that ledgers have more than once, and raw records counted again.
        differences: in which outputs it differs from one undisturbed pass, and an example.
        codes: with which exit codes workers ended.
        takeovers: seconds until all that a worker had was open elsewhere, by fault.
    """

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    events: int = 0
    lost: int = 0
    doubled: int = 0
    differences: dict[str, Any] = field(default_factory=dict)
    codes: Counter[int] = field(default_factory=Counter)
    takeovers: list[tuple[str, float]] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether nothing is lost, doubled or different."""
        return not (self.lost or self.doubled or self.differences)


def line(verdict: Verdict) -> str:
    """A verdict as a line; of differences only where they are."""
    told = vars(verdict) | {
        "differences": sorted(verdict.differences),
        "takeovers": [(fault, round(seconds, 1)) for fault, seconds in verdict.takeovers],
    }
    return json.dumps(told, sort_keys=True)


def read(file: Path) -> list[Verdict]:
    """The verdicts in a file, by seed; none where there is no file."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return sorted(map(_verdict, lines), key=lambda verdict: verdict.seed)


def _verdict(text: str) -> Verdict:
    told = json.loads(text)
    return Verdict(
        **told
        | {
            "faults": Counter(told["faults"]),
            "differences": dict.fromkeys(told["differences"]),
            "codes": Counter({int(code): n for code, n in told["codes"].items()}),
            "takeovers": [(fault, seconds) for fault, seconds in told["takeovers"]],
        }
    )


def rows(verdicts: Iterable[Verdict]) -> list[tuple[str, ...]]:
    """Faults by kind: how many, in how many trials something was wrong, and takeover times."""
    injected: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    takeovers: dict[str, list[float]] = defaultdict(list)
    for verdict in verdicts:
        injected += verdict.faults
        wrong.update(verdict.faults.keys() if not verdict.exact else ())
        for fault, seconds in verdict.takeovers:
            takeovers[fault].append(seconds)
    return [
        (
            name,
            str(injected[name] or ""),
            str(wrong[name]) if injected[name] else "",
            str(len(takeovers[name]) or ""),
            *_summary(sorted(takeovers[name])),
        )
        for name in sorted(injected.keys() | takeovers.keys())
    ]


def _summary(times: Sequence[float]) -> tuple[str, str, str]:
    if not times:
        return ("", "", "")
    p90 = times[min(len(times) - 1, int(0.9 * len(times)))]
    return (f"{statistics.median(times):.1f} s", f"{p90:.1f} s", f"{times[-1]:.1f} s")


def total(verdicts: Sequence[Verdict]) -> str:
    """All trials in a sentence."""
    bad = [verdict.seed for verdict in verdicts if not verdict.exact]
    return (
        f"{len(verdicts)} trials, {sum(v.events for v in verdicts):,} events, "
        f"{sum(v.lost for v in verdicts)} lost, {sum(v.doubled for v in verdicts)} doubled, "
        f"{len(bad)} trials not exact" + (f": seeds {bad}" if bad else "")
    )
