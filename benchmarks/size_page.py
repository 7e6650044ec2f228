"""The tables of docs/performance.md about state, memory and starts, from the saved figures."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import results
from markdown import table

STATES = (1_000_000, 10_000_000)
PATTERNS = {
    "steady": "a minute after their predictions",
    "spread": "spread over the 24 h after",
    "nightly": "all of a day in the night after it",
}
MOST_BYTES = 150
RESTORED_WITHIN = {1_000_000: 5, 10_000_000: 60}


def _measured(names: Iterable[str]) -> Iterator[dict[str, Any]]:
    # the large ones take minutes to hours, and are measured one by one
    return (results.read(name) for name in names if results.is_saved(name))


def state() -> str:
    """What retained requests take, and how long they take to be restored."""
    head = ("retained", "bytes in memory", "bytes on the log", "restored in", "goals reached")
    rows = []
    for saved in _measured(f"state-{requests}" for requests in STATES):
        requests = saved["parameters"]["requests"]
        reached = {
            f"at most {MOST_BYTES} bytes": saved["bytes_in_memory"] <= MOST_BYTES,
            f"under {RESTORED_WITHIN[requests]} s": saved["seconds"] < RESTORED_WITHIN[requests],
        }
        rows.append(
            (
                f"{saved['retained']:,}",
                f"{saved['bytes_in_memory']:.0f}",
                f"{saved['bytes_on_log']:.0f}",
                f"{saved['seconds']:.1f} s",
                ", ".join(f"{goal}: {'yes' if is_ else 'no'}" for goal, is_ in reached.items()),
            )
        )
    return table(head, rows)


def soak() -> str:
    """Whether memory stays flat."""
    head = (
        "labels come",
        "days",
        "minutes",
        "a second",
        "MiB once settled",
        "later",
        "growth",
        "at most",
    )
    rows = []
    for saved in _measured(f"soak-{pattern}" for pattern in PATTERNS):
        told = saved["parameters"]
        rows.append(
            (
                PATTERNS[told["pattern"]],
                str(told["days"]),
                f"{told['days'] * told['seconds_a_day'] / 60:.0f}",
                f"{told['rate']:,}",
                f"{saved['settled_mib']:.0f}",
                f"{saved['later_mib']:.0f}",
                f"{saved['later_mib'] / saved['settled_mib'] - 1:+.1%}",
                f"{saved['largest_mib']:.0f}",
            )
        )
    return table(head, rows)


def startup() -> str:
    """Where the time of a worker's start goes."""
    saved = results.read("startup")
    names = [name for name in saved["warm"] if name not in ("whole", "longest")]
    rows = [
        (name, *(f"{saved[kind][name]:.2f}" for kind in ("warm", "cold")))
        for name in (*sorted(names), "whole", "longest")
    ]
    return table(("seconds (medians)", "warm", "cold"), rows)


TABLES: Mapping[str, Callable[[], str]] = {"state": state, "soak": soak, "startup": startup}
