"""The tables of docs/why.md, from the figures that were saved."""

from collections.abc import Callable, Mapping
from typing import Any

import results
from markdown import table

GOAL = 0.9
"""Share of the faults that are to be found, and of these to have the right cause first."""

Saved = dict[str, Any]


def _share(figure: Saved) -> str:
    if not figure["of"]:
        return ""
    low, high = (f"{100 * figure[end]:.0f}" for end in ("low", "high"))
    return f"{figure['count']} of {figure['of']} ({low} to {high} %)"


def _row(words: str, figures: Saved) -> tuple[str, ...]:
    delay = figures["delay_hours"]
    return (
        words,
        _share(figures["found"]),
        _share(figures["first"]),
        "" if delay is None else f"{delay:.1f}",
        str(figures["chance"]),
    )


def injected() -> str:
    """How many faults of each kind were found, and how often the cause came first."""
    saved = results.read("injected")
    rows = [_row(kind["words"], kind) for kind in saved["kinds"]]
    head = ("fault", "found", "cause first", "median hours", "by chance")
    control = saved["control"]
    return (
        table(head, [*rows, _row("**all**", saved["all"])])
        + f"\nWithout faults {control['alerts']} alerts opened in {control['weeks']:.0f} weeks of a"
        f" model. {saved['redrawn']} draws fell on an alert that fired already.\n"
    )


def goals() -> str:
    """Whether the goals are reached."""
    figures = results.read("injected")["all"]
    rows = []
    for goal, figure in (("found", "found"), ("cause first, of those found", "first")):
        share = figures[figure]["count"] / figures[figure]["of"]
        reached = "yes" if share >= GOAL else "no"
        rows.append((goal, f"at least {GOAL:.0%}", f"{share:.1%}", reached))
    return table(("figure", "goal", "measured", "reached"), rows)


TABLES: Mapping[str, Callable[[], str]] = {"injected-goals": goals, "injected": injected}
