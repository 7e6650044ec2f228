"""How long a newcomer waits from typing ``tidegauge demo`` until a screen says what is in trouble.

    python benchmarks/newcomer.py [--repeats 3] [--first] [-- OPTIONS OF THE DEMO]

Starts the demo in an empty folder and watches it as a person would: what it prints, what
`tidegauge top` reads (`tidegauge.live.reader`), and the console's first page over HTTP. Prints the
seconds since the start of the command until

- *broker up*: topics are being created,
- *places told*: the terminal says where to look,
- *first prediction*: a worker has accounted for a prediction,
- *first figures*: a window of some model has a figure of quality,
- *alert with cause*: a firing alert with a cause was read,
- *told in the terminal*, *in the console*: the same on these screens, with its first cause.

``--first`` makes every run a first one: Kafka is fetched and all Python code compiled anew. Beside
the seconds stand the CPU seconds that the demo had used by then, and those that all other programs
of the machine took from it meanwhile (where there is ``/proc``): on an idle machine the latter are
near zero.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import tidegauge
from tidegauge.core.alertrecords import AlertRecord, AlertStatus
from tidegauge.core.records import LedgerRecord, MetricRecord
from tidegauge.live.board import LiveRecord
from tidegauge.live.figures import figures_of
from tidegauge.live.reader import Reader
from tidegauge.live.source import Read
from tidegauge.live.trouble import because, by_weight
from tidegauge.live.words import moment
from tidegauge.settings.kafka import KafkaSettings

POLL_SECONDS: Final = 0.05
PATIENCE: Final = 600.0
SOURCE: Final = str(Path(tidegauge.__file__).parents[1])
ANY_PORTS: Final = ("--set", "http.port=0", "--set", "console.port=0")
MARKS: Final = (
    "broker up",
    "places told",
    "first prediction",
    "first figures",
    "alert with cause",
    "told in the terminal",
    "told in the console",
)


@dataclass
class Run:
    """One demo that is watched.

    Attributes:
        output: What it prints.
        pid: Its process.
        marks: Seconds, CPU seconds of the demo and of all others, by what was seen.
        firing: The alerts that fire and have a cause, by fingerprint.
    """

    output: Path
    pid: int
    marks: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    firing: dict[str, AlertRecord] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start the clocks."""
        self._began = time.monotonic()
        self._busy = busy_seconds()

    def mark(self, name: str) -> None:
        """Note when something was first seen."""
        if name not in self.marks:
            own = tree_seconds(self.pid)
            others = busy_seconds() - self._busy - own
            self.marks[name] = time.monotonic() - self._began, own, max(0.0, others)

    def said(self, pattern: str) -> str | None:
        """What the demo has printed that fits the pattern's group."""
        found = re.search(pattern, self.output.read_text(), re.MULTILINE)
        return found[1] if found else None

    def take(self, record: LiveRecord) -> None:
        """Take what `top` and the console read."""
        match record:
            case LedgerRecord() if record.predictions.read:
                self.mark("first prediction")
            case MetricRecord() if figures_of(record)[0].read(record) is not None:
                self.mark("first figures")
            case AlertRecord() if record.status is AlertStatus.FIRING and record.causes:
                self.firing[record.fingerprint] = record
                self.mark("alert with cause")

    def told_by(self, screen: str) -> bool:
        """Whether a screen has the first cause of one of the alerts."""
        return any(because(alert) in screen for alert in self.firing.values())

    @property
    def worst(self) -> str:
        """What is told first of what fires in the end."""
        for alert in by_weight(list(self.firing.values())):
            return f"{alert.model} since {moment(alert.starts_at_ms)}: {because(alert)}"
        return "nothing"

    @property
    def patient(self) -> bool:
        """Whether there is still something to wait for."""
        return len(self.marks) < len(MARKS) and time.monotonic() - self._began < PATIENCE


def watch(run: Run) -> None:
    """Wait until everything was seen."""
    reader: Reader | None = None
    try:
        while run.patient:
            if run.said("(creating the topics)"):
                run.mark("broker up")
            kafka, console = run.said(r"^Kafka +(\S+)$"), run.said(r"^Console +(\S+)$")
            if kafka is not None and reader is None:
                run.mark("places told")
                reader = Reader(KafkaSettings(bootstrap=kafka))
                reader.start()
            for message in reader.take() if reader is not None else ():
                for arrival in message.arrivals if isinstance(message, Read) else ():
                    run.take(arrival.record)
            if run.told_by(run.output.read_text()):
                run.mark("told in the terminal")
            if run.firing and console is not None and run.told_by(page(console)):
                run.mark("told in the console")
            time.sleep(POLL_SECONDS)
    finally:
        if reader is not None:
            reader.stop()


def page(address: str) -> str:
    """The console's first page as it is sent to a browser; empty where it does not answer."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - the demo's own
            text: str = answer.read().decode()
    except OSError:
        return ""
    return text.replace('\\"', '"')


@contextmanager
def demo(folder: Path, options: list[str], *, first: bool) -> Iterator[Run]:
    """A demo in an empty folder."""
    environment = os.environ | {"PYTHONPATH": SOURCE}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if first:
        caches = {"XDG_CACHE_HOME": "cache", "PYTHONPYCACHEPREFIX": "compiled"}
        environment |= {name: str(folder / place) for name, place in caches.items()}
    output = folder / "output"
    arguments = ["demo", "--data-dir", str(folder / "data"), *options]
    with output.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "tidegauge", *ANY_PORTS, *arguments],
            stdout=written,
            stderr=written,
            env=environment,
        )
    try:
        yield Run(output, process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def busy_seconds() -> float:
    """CPU seconds of the whole machine so far; 0 where that is not known."""
    try:
        values = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    except OSError:
        return 0.0
    idle = int(values[3]) + int(values[4])
    return (sum(map(int, values)) - idle) / os.sysconf("SC_CLK_TCK")


def tree_seconds(root: int) -> float:
    """CPU seconds of a process and all below it, also of those that have ended."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            values = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        parents[pid] = int(values[1])
        ticks[pid] = sum(map(int, values[11:15]))
    tree = {root}
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return sum(ticks.get(pid, 0) for pid in tree) / os.sysconf("SC_CLK_TCK")


def show(runs: list[Run]) -> None:
    """Print the medians."""
    print("seconds (least to most), CPU seconds of the demo, and of other programs by then:")
    for name in MARKS:
        seen = [run.marks[name] for run in runs if name in run.marks]
        if not seen:
            print(f"  {'not seen':>19}  {name}")
            continue
        wall, own, others = (sorted(values) for values in zip(*seen, strict=True))
        told = f"{median(wall):6.1f} ({wall[0]:.1f} to {wall[-1]:.1f})"
        print(f"  {told:>22} {median(own):6.1f} {median(others):6.1f}  {name}")
    print(f"told first: {runs[-1].worst}")


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--first", action="store_true", help="fetch and compile everything")
    arguments.add_argument("options", nargs="*", help="of the demo")
    asked = arguments.parse_args()
    runs = []
    for _ in range(asked.repeats):
        with (
            tempfile.TemporaryDirectory() as name,
            demo(Path(name), asked.options, first=asked.first) as run,
        ):
            watch(run)
            runs.append(run)
    show(runs)


if __name__ == "__main__":
    main()
