"""How soon an event is seen in the figures, at shares of the rate that a worker can do.

    python benchmarks/latency.py [--seconds 40] [--shares 20 50 80] [--pairs 200000] [--save]

First measures a worker's maximal rate over prefilled topics. Then, for each share of it, a
publisher (`paced.py`) sends live events to a new worker, and this program asks for ``/metrics``
four times a second. Measured are

- *prediction*: from publishing a probe to the first page whose gauge
  ``tidegauge_window_predictions`` counts it,
- *label*: the same for its label and ``tidegauge_window_labelled_predictions``,
- *pane closed*: from the end of a pane, less the out-of-orderness, to the first page whose
  ``tidegauge_watermark_timestamp_seconds`` has passed it: then detectors have its figures,
- *pane published*: the same to the first committed record on topic ``metrics`` with the figures of
  the pane that are not open any more (a window of the panes' width is configured for it).

The waiting for the next page, an eighth of a second on average, is included.
"""

import argparse
import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer

import results
from cluster import Cluster, cluster
from load import MODEL, VERSION, Load, Shape
from paced import Published, probe_version
from tidegauge.core.records import MetricRecord, WindowState
from tidegauge.settings.load import load
from tidegauge.wire.metrics import decode_metrics
from workers import HERE, BenchmarkError, WorkerProcess, drained, scraped, started

PARTITIONS = 8
LOOK_SECONDS = 0.25
WARM_SECONDS = 10.0
AFTER_SECONDS = 5.0
"""At least so long is looked for what has not been seen yet, and at most so long:"""
LONGEST_SECONDS = 60.0
PANE = 10.0
OUT_OF_ORDERNESS = 10.0
"""As by default, in seconds."""
WINDOWS = {"sizes": ["10s", "1m", "5m", "1h", "1d"]}
START_SECONDS = 60.0

_SERIES = re.compile(
    r"^tidegauge_(window_predictions|window_labelled_predictions|watermark_timestamp_seconds)"
    r"{([^}]*)} (\S+)$",
    re.MULTILINE,
)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_LONGEST = {"model": MODEL, "segment_field": "", "window": "1d"}
_COMMITS = re.compile(r"^tidegauge_commit_duration_seconds_(sum|count){[^}]*} (\S+)$", re.MULTILINE)
_LAG = re.compile(r"^tidegauge_lag_records{[^}]*} (\S+)$", re.MULTILINE)


@dataclass
class Seen:
    """What pages and records told, with the time since the epoch at which it was read.

    ``lag`` is that of the newest page, in records; ``commit_seconds`` the mean over all commits.
    """

    predictions: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    labelled: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    watermarks: list[tuple[float, float]] = field(default_factory=list)
    panes: dict[float, float] = field(default_factory=dict)
    lag: float = 0.0
    commit_seconds: float = 0.0

    def page(self, at: float, text: str) -> None:
        """Take one page of metrics."""
        predictions: dict[str, float] = {}
        labelled: dict[str, float] = {}
        for name, given, value in _SERIES.findall(text):
            labels = dict(_LABEL.findall(given))
            if name == "watermark_timestamp_seconds" and labels["model"] == MODEL:
                self.watermarks.append((at, float(value)))
            elif labels.items() >= _LONGEST.items():
                counts = predictions if name == "window_predictions" else labelled
                counts[labels["version"]] = float(value)
        self.predictions.append((at, predictions))
        self.labelled.append((at, labelled))
        self.lag = sum(map(float, _LAG.findall(text)))
        totals = {"sum": 0.0, "count": 0.0}
        for name, value in _COMMITS.findall(text):
            totals[name] += float(value)
        self.commit_seconds = totals["sum"] / max(totals["count"], 1.0)

    def record(self, at: float, record: MetricRecord) -> None:
        """Take one window."""
        ours = record.version == str(VERSION) and record.segment_field is None
        pane = record.end_ms - record.start_ms == PANE * 1_000
        if ours and pane and record.state is not WindowState.OPEN:
            self.panes.setdefault(record.end_ms / 1_000, at)


def delays(
    pages: Sequence[tuple[float, dict[str, float]]], probes: dict[int, list[float]], since: float
) -> list[float]:
    """Seconds from each probe published after ``since`` to the first page that counts it."""
    found = []
    for partition, times in probes.items():
        version, page = probe_version(partition), iter(pages)
        at, counts = next(page)
        for number, published in enumerate(times, start=1):
            while counts.get(version, 0) < number:
                at, counts = next(page, (0.0, {version: float("inf")}))
            if not at:
                raise BenchmarkError(
                    f"probe {number} of {len(times)} of partition {partition} was not seen"
                )
            if published >= since:
                found.append(at - published)
    return found


def pane_delays(seen: Iterable[tuple[float, float]], since: float, until: float) -> list[float]:
    """Seconds from when panes could close, in an interval, to when they were seen closed."""
    found, passed = [], 0.0
    for at, mark in seen:
        end = mark // PANE * PANE
        if end > passed:
            if since <= end + OUT_OF_ORDERNESS <= until:
                found.append(at - end - OUT_OF_ORDERNESS)
            passed = end
    if not found:
        raise BenchmarkError("no pane was seen closed; measure for longer")
    return found


def summary(values: list[float]) -> dict[str, float]:
    """Percentiles, in seconds."""
    ordered = sorted(values)
    at = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    told = {name: ordered[int(share * (len(ordered) - 1) + 0.5)] for name, share in at.items()}
    return {name: round(value, 2) for name, value in (told | {"max": ordered[-1]}).items()} | {
        "count": len(ordered)
    }


def all_seen(seen: Seen, published: Published) -> bool:
    """Whether the newest page counts all probes, and the last pane that could close is out."""
    last_pane = (published.begun + published.seconds - OUT_OF_ORDERNESS) // PANE * PANE
    if max(seen.panes, default=0.0) < last_pane:
        return False
    _, predictions = seen.predictions[-1]
    _, labelled = seen.labelled[-1]
    return all(
        counts.get(probe_version(partition), 0) >= len(times)
        for counts, topic in ((predictions, "predictions"), (labelled, "feedback"))
        for partition, times in published.probes[topic].items()
    )


def _enough(seen: Seen, published: Published, after: float) -> bool:
    return after > LONGEST_SECONDS or (after > AFTER_SECONDS and all_seen(seen, published))


async def watch(
    worker: WorkerProcess, settings: Path, publisher: subprocess.Popen[bytes]
) -> tuple[Seen, Published]:
    """Look at the page and the topic of metrics until all that was published is seen."""
    seen = Seen()
    kafka = load(settings).kafka
    consumer = AIOKafkaConsumer(
        kafka.topic_names.metrics,
        bootstrap_servers=kafka.bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )

    async def follow() -> None:
        async for message in consumer:
            record = decode_metrics(message.value)
            if isinstance(record, MetricRecord):
                seen.record(time.time(), record)

    await consumer.start()
    following = asyncio.create_task(follow())
    assert publisher.stdout is not None
    told = asyncio.create_task(asyncio.to_thread(publisher.stdout.read))
    published, ended = Published(), 0.0
    while not ended or not _enough(seen, published, time.time() - ended):
        if text := await asyncio.to_thread(worker.scrape):
            seen.page(time.time(), text)
        worker.check()
        if told.done() and not ended:
            if publisher.wait():
                raise BenchmarkError(f"the publisher ended with code {publisher.returncode}")
            published, ended = msgspec.json.decode(told.result(), type=Published), time.time()
        await asyncio.sleep(LOOK_SECONDS)
    following.cancel()
    await consumer.stop()
    return seen, published


def at_rate(place: Cluster, share: int, rate: float, seconds: float) -> dict[str, object]:
    """One run at ``rate`` events per second."""
    name = f"paced{share}"
    inputs = f"{name}."
    settings = place.settings(f"{name}-input", PARTITIONS, inputs=inputs)
    with started(place, name, PARTITIONS, inputs=inputs, windows=WINDOWS) as (worker,):
        deadline = time.monotonic() + START_SECONDS
        while "\ntidegauge_worker_ready 1" not in worker.scrape():
            if time.monotonic() > deadline:
                raise BenchmarkError("the worker was not ready in time")
            time.sleep(LOOK_SECONDS)
        before = worker.line
        with subprocess.Popen(
            [
                sys.executable,
                str(HERE / "paced.py"),
                str(settings),
                str(rate),
                str(WARM_SECONDS + seconds),
            ],
            stdout=subprocess.PIPE,
        ) as publisher:
            path = place.folder / f"{name}-{worker.port}.yaml"
            seen, published = asyncio.run(watch(worker, path, publisher))
        after = worker.line
    assert before is not None
    assert after is not None
    since, until = published.begun + WARM_SECONDS, published.begun + published.seconds
    return {
        "share": share,
        "events_per_second": round(published.events / published.seconds),
        "worker_cpu_share": round(
            (after.cpu_seconds - before.cpu_seconds) / (after.at - before.at), 3
        ),
        "publisher_behind": round(published.behind, 2),
        "lag": seen.lag,
        "commit_seconds": round(seen.commit_seconds, 3),
        "prediction": summary(delays(seen.predictions, published.probes["predictions"], since)),
        "label": summary(delays(seen.labelled, published.probes["feedback"], since)),
        "pane_closed": summary(pane_delays(seen.watermarks, since, until)),
        "pane_published": summary(
            pane_delays([(at, end) for end, at in seen.panes.items()], since, until)
        ),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=40.0, help="of each share, after 10")
    parser.add_argument("--shares", type=int, nargs="+", default=[20, 50, 80], help="percent")
    parser.add_argument(
        "--pairs", type=int, default=200_000, help="requests by which the maximum is measured"
    )
    parser.add_argument("--save", action="store_true", help=results.SAVE_HELP)
    options = parser.parse_args()
    with cluster() as place:
        place.settings("fill", PARTITIONS)
        asyncio.run(place.fill(Load(Shape()), options.pairs, PARTITIONS))
        with started(place, "maximum", PARTITIONS) as workers, scraped(workers):
            maximum = drained(workers, 2 * options.pairs, PARTITIONS)
        maximum.show("maximum")
        runs = []
        for share in options.shares:
            run = at_rate(place, share, maximum.rate * share / 100, options.seconds)
            print(msgspec.json.encode(run).decode(), flush=True)
            runs.append(run)
    parameters = {"seconds": options.seconds, "pairs": options.pairs, "partitions": PARTITIONS}
    figures = {"maximum": round(maximum.rate), "runs": runs}
    results.finish("latency", parameters, figures, save=options.save)


if __name__ == "__main__":
    main()
