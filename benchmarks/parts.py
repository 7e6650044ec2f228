"""Shares of a profile by what a worker does.

    py-spy record --gil --format raw --output RAW --pid PID
    python benchmarks/parts.py RAW

A sample counts for the innermost function on its stack that is some part's; what parts share
(sums, counts, columns) so counts for the part that called it. Prints a table in Markdown.
"""

import sys
from collections import Counter
from pathlib import Path

from markdown import table

PARTS = {
    "decode, check and digest": ("/wire/events", "/collect/checks", "/core/requestkey"),
    "events to columns, home and time checks": (
        "/worker/collect_stage",
        "/collect/arriv",
        "/core/partitioner",
    ),
    "fold into deltas, most of it reading features into columns": (
        "/collect/binning",
        "/collect/count",
        "/collect/f",
        "/collect/label",
        "/collect/layout",
    ),
    "accepted predictions: sampling for the reference, deployments": (
        "/collect/sampling",
        "/collect/deployments",
    ),
    "join, rows of retained requests": (
        "/collect/join",
        "/collect/keyindex",
        "/collect/ordinary",
        "/collect/pair",
        "/collect/requests",
        "/collect/row",
    ),
    "changelog records and partials, packing, transactions": (
        "/collect/requestlog",
        "/collect/state",
        "/core/partial",
        "/worker/transaction",
    ),
    "collect stage around these": ("/core/collect/",),
    "monitor stage": ("/worker/monitor_stage", "/core/monitor/", "/core/detect/"),
    "pages of metrics": ("tidegauge/export/",),
    "fetch": ("aiokafka/consumer/", "/worker/transport"),
}
"""What is in the files of which a path has one of these in it; the first part that fits counts."""
REST = "the loop, Faust, other threads"


def part_of(stack: list[str]) -> str:
    """The part of a stack of functions as ``name (file:line)``, outermost first."""
    for function in reversed(stack):
        for part, places in PARTS.items():
            if any(place in function for place in places):
                return part
    return REST


def main() -> None:
    """Read a profile and print."""
    counts: Counter[str] = Counter()
    for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        stack, _, samples = line.rpartition(" ")
        counts[part_of(stack.split(";"))] += int(samples)
    rows = [
        (f"{count / counts.total():.0%}".replace("%", " %"), part)
        for part, count in counts.most_common()
    ]
    print(table(("share", "part"), rows), end="")


if __name__ == "__main__":
    main()
