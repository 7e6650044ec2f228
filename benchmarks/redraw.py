"""Makes the tables and curves of pages in docs from saved figures.

    python benchmarks/redraw.py [--check]

With ``--check`` nothing is written, and the exit code is 1 if anything would be.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import detection
import faults_page
import results
import size_page
import why
from chart import Chart, svg
from markdown import table

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "performance.md"
DETECTION = DOCS / "detection.md"
WHY = DOCS / "why.md"
FAULTS = DOCS / "faults.md"
FIGURES = DOCS / "performance"
HALF = 50
"""Percent of the maximal rate at which the goals for latency hold."""

BEGIN, END = "<!-- {}: made by benchmarks/redraw.py -->", "<!-- end of {} -->"

Saved = dict[str, Any]


# -------------------------------------------------------------------- tables

PROGRAMS = {"limit": "limit", "worker": "worker", "faust": "idiomatic Faust"}


def throughput(saved: Saved) -> str:
    """What each program does, in relation to the others."""
    medians, ratios = saved["medians"], saved["ratios"]
    rows = []
    for name, title in PROGRAMS.items():
        figures = medians[name]
        rate = figures["events_per_second"] / medians["limit"]["events_per_second"]
        rows.append(
            (
                title,
                f"{rate:.3f}" if rate < 0.1 else f"{rate:.2f}",
                f"{figures['cpu_per_million']:.1f}",
                f"{figures['broker_per_million']:.1f}",
                f"{figures['peak_mib']:.0f}",
            )
        )
    text = table(
        ("program", "rate / limit", "CPU s/million", "broker's", "peak MiB"),
        rows,
    )
    told = "; ".join(
        f"{name}: {ratio['by_clock']:.2f} by the clock, {ratio['by_cpu']:.2f} by CPU time"
        for name, ratio in sorted(ratios.items())
    )
    return f"{text}\nMedians of the ratios within a round: {told}.\n"


FIGURES_OF_LATENCY = {
    "prediction": "prediction to gauge",
    "label": "label to gauge",
    "pane_closed": "pane closed",
    "pane_published": "pane published",
}


def latency(saved: Saved) -> str:
    """Percentiles in seconds by share of the maximal rate."""
    rows = [
        (
            f"{title}, {run['share']} %",
            *(f"{run[figure][at]:.2f}" for at in ("p50", "p90", "p99", "max")),
            str(run[figure]["count"]),
        )
        for figure, title in FIGURES_OF_LATENCY.items()
        for run in saved["runs"]
    ]
    commits = ", ".join(
        f"{run['commit_seconds']:.2f} s at {run['share']} %" for run in saved["runs"]
    )
    text = table(("seconds", "p50", "p90", "p99", "max", "samples"), rows)
    return f"{text}\nA commit took, on average, {commits}.\n"


def scaling(saved: Saved) -> str:
    """Rates in relation to the first row, and what kept the cores busy."""
    points = saved["points"]
    rows = [
        (
            str(point["x"]),
            f"{point['events_per_second'] / points[0]['events_per_second']:.2f}",
            f"{point['cpu_per_million']:.1f}",
            f"{point['broker_per_million']:.1f}",
            f"{point['worker_cores']:.2f}",
            f"{point['broker_cores']:.2f}",
            f"{point['peak_mib']:.0f}",
        )
        for point in points
    ]
    return table(
        (
            "number",
            "rate / first",
            "CPU s/million",
            "broker's",
            "workers' cores",
            "broker's cores",
            "peak MiB",
        ),
        rows,
    )


def goals() -> str:
    """Each goal, what was measured, and whether it is reached."""
    fast, seen = results.read("throughput"), results.read("latency")
    worker, ratios = fast["medians"]["worker"], fast["ratios"]
    half = next(run for run in seen["runs"] if run["share"] == HALF)
    by_clock = {name: ratio["by_clock"] for name, ratio in ratios.items()}
    memory = worker["peak_mib"] * 1.048576
    checks = (
        ("worker / limit, first", "at least 0.60", by_clock["worker/limit"], 0.60),
        ("worker / limit, then", "at least 0.75", by_clock["worker/limit"], 0.75),
        ("worker / idiomatic Faust", "at least 15", by_clock["worker/faust"], 15.0),
        ("CPU seconds per million events", "at most 6", -worker["cpu_per_million"], -6.0),
        ("peak memory in MB", "below 500", -memory, -500.0),
        ("prediction to gauge, p99 in s", "at most 3", -half["prediction"]["p99"], -3.0),
        ("pane closed, longest in s", "at most 3", -half["pane_closed"]["max"], -3.0),
        ("pane published, longest in s", "at most 3", -half["pane_published"]["max"], -3.0),
    )
    rows = [
        (goal, least, f"{abs(value):.3g}", "yes" if value >= bound else "no")
        for goal, least, value, bound in checks
    ]
    return table(("figure", "goal", "measured", "reached"), rows)


def measured(name: str, make: Callable[[Saved], str]) -> str:
    """A table with the parameters of the run that it tells of."""
    saved = results.read(name)
    said = ", ".join(f"{key} {value:,}" for key, value in sorted(saved["parameters"].items()))
    return f"{make(saved)}\n({said.replace('_', ' ')})\n"


TABLES: Mapping[str, Callable[[], str]] = {
    "goals": goals,
    "throughput": partial(measured, "throughput", throughput),
    "latency": partial(measured, "latency", latency),
    "scaling-workers": partial(measured, "scaling-workers", scaling),
    "scaling-partitions": partial(measured, "scaling-partitions", scaling),
}


def page(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """The page with its tables made anew."""
    for name, make in tables.items():
        begin, end = BEGIN.format(name), END.format(name)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n\n{make()}\n{end}{after}"
    return text


# -------------------------------------------------------------------- curves


def duration(seconds: float) -> str:
    """A short text for a label delay."""
    for unit, size in (("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


AXES = {
    "features": "features of a prediction",
    "segments": "segment values of a model",
    "models": "models",
    "versions": "versions of the model",
    "label_delay": "time from prediction to label",
}


def curve(name: str) -> Chart:
    """What an event costs, by what grows."""
    points = results.read(f"curve-{name}")["points"]
    lines = {
        stage: [(point["x"], point[f"{stage}_us"]) for point in points]
        for stage in ("collect", "monitor")
    }
    both = [(point["x"], point["collect_us"] + point["monitor_us"]) for point in points]
    return Chart(
        f"CPU time per event by {AXES[name]}",
        AXES[name],
        "microseconds per event",
        {"both stages": both} | lines,
        logarithmic=True,
        label=duration if name == "label_delay" else "{:g}".format,
    )


def partitions() -> Chart:
    """What an event costs in worker and broker, by the number of partitions."""
    points = results.read("scaling-partitions")["points"]
    lines = {
        who: [(point["x"], point[f"{figure}_per_million"]) for point in points]
        for who, figure in (("worker", "cpu"), ("broker", "broker"))
    }
    return Chart(
        "CPU time per event by partitions of the input topics",
        "partitions",
        "microseconds per event",
        lines,
        logarithmic=True,
    )


def files() -> dict[Path, str]:
    """All that is made, by where it belongs."""
    charts = {name.replace("_", "-"): curve(name) for name in AXES} | {"partitions": partitions()}
    drawn = {FIGURES / f"{name}.svg": svg(chart) for name, chart in charts.items()}
    pages = {
        PAGE: {**TABLES, **size_page.TABLES},
        DETECTION: detection.TABLES,
        WHY: why.TABLES,
        FAULTS: faults_page.TABLES,
    }
    made = {path: page(path.read_text(encoding="utf-8"), tables) for path, tables in pages.items()}
    return made | drawn


def main() -> int:
    """Write or check; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    options = parser.parse_args()
    stale = [
        (path, text)
        for path, text in files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        print(f"{'stale' if options.check else 'written'}: {path.relative_to(DOCS.parent)}")
        if not options.check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return int(options.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
