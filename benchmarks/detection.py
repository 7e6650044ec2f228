"""The tables of docs/detection.md, from the figures that were saved."""

from collections.abc import Callable, Mapping
from typing import Any

import results
from markdown import table

RATES = (0.3, 1.5)
"""Between these is the realised rate to be, in parts of the budget."""
SLOWER, PANES = 1.25, 2.0
"""The delay is to be at most so many times the best raw detector's, and so many panes more."""
OURS = "Tidegauge"
AT_THE_MINIMUM = ("N(0, 1)", 0.5)

Saved = dict[str, Any]


def _ratio(figure: list[float]) -> str:
    middle, low, high = figure
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def _delay(figure: list[float]) -> str:
    middle, low, high = figure
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def false_alarms() -> str:
    """Realised rate over budget."""
    saved = results.read("false-alarms")
    rare = {row["condition"]: row for row in saved["rare"]}
    rows = [
        (
            row["condition"],
            f"{row['expected']:.0f}",
            _ratio(row["detections"]),
            _ratio(row["alerts"]),
            _ratio(rare[row["condition"]]["detections"]) if rare else "",
            f"{row['calibration_ms']:.1f}",
        )
        for row in saved["often"]
    ]
    head = (
        *("stream", "expected", "detections", "alerts"),
        *("detections at a tenth", "ms to calibrate"),
    )
    return table(head, rows)


def _best(row: Saved) -> float:
    """The smallest mean delay of a raw detector."""
    return min(float(figure[0]) for name, figure in row["delays"].items() if name != OURS)


def delays() -> str:
    """Panes to the first alarm."""
    rows = []
    names = (OURS, "ADWIN", "PageHinkley", "HDDM_A", "HDDM_W")
    for row in results.read("detection-delays")["changes"]:
        shown = [_delay(row["delays"][n]) if n in row["delays"] else "" for n in names]
        what = f"{row['condition']}, +{row['size']:.1f}, {row['shape']}"
        rows.append((what, *shown, f"{row['bound']:.0f}"))
    return table(("change", *names, "bound"), rows)


def goals() -> str:
    """Each goal, and how often it is reached."""
    saved = results.read("false-alarms")
    rates = saved["often"] + saved["rare"]
    within = [r for r in rates if RATES[0] <= r["detections"][1] and r["detections"][2] <= RATES[1]]
    changes = [
        row
        for row in results.read("detection-delays")["changes"]
        if (row["condition"], row["size"]) != AT_THE_MINIMUM
    ]
    soon = [r for r in changes if r["delays"][OURS][0] <= SLOWER * _best(r) + PANES]
    worst = max(r["delays"][OURS][0] / (SLOWER * _best(r) + PANES) for r in changes)
    extremes = [bound for r in rates for bound in r["detections"][1:]]
    rows = [
        (
            "realised rate over budget, 95 % interval",
            f"within {RATES[0]} to {RATES[1]}",
            f"{len(within)} of {len(rates)}",
            f"{min(extremes):.2f} to {max(extremes):.2f}",
        ),
        (
            "mean delay",
            f"at most {SLOWER} times the best raw detector's + {PANES:.0f} panes",
            f"{len(soon)} of {len(changes)}",
            f"{worst:.2f} of what is allowed",
        ),
    ]
    return table(("figure", "goal", "reached in", "worst"), rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "detection-goals": goals,
    "false-alarms": false_alarms,
    "detection-delays": delays,
}
