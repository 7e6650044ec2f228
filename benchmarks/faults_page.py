"""The tables of docs/faults.md, from the verdicts that campaigns kept."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import results
from markdown import table

sys.path.append(str(Path(__file__).parents[1] / "tests" / "chaos"))

import verdicts


def _campaign(name: str) -> str:
    done = verdicts.read(results.FOLDER / f"{name}.jsonl")
    return f"{table(verdicts.HEAD, verdicts.rows(done))}\n{verdicts.total(done)}.\n"


TABLES: Mapping[str, Callable[[], str]] = {
    "campaign": lambda: _campaign("campaign"),
    "takeovers": lambda: _campaign("takeovers"),
}
