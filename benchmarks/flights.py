"""What the monitor stage costs beside collect on the demo's flights, without Kafka.

    python benchmarks/flights.py [--days 28] [--hours 6] [--profile]

Takes the flights of all the demo's models through both stages, in the demo's settings and as at its
usual speed: what happens in six hours is read, committed and published together. Prints the ratio
of monitor's CPU time to collect's, and which share of monitor's goes into the windows published,
the windows shown, and its state.
"""

import argparse
import cProfile
import gc
import pstats
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from chunks import FEEDBACK, PREDICTIONS
from tidegauge.core.config import HOUR, SECOND
from tidegauge.core.events import Prediction
from tidegauge.core.monitor.model import ModelMonitor
from tidegauge.core.monitor.monitor import Monitor
from tidegauge.core.partitioner import partition_for
from tidegauge.demo.configuration import Configuration
from tidegauge.demo.flights import FIRST_DAY, load_flights
from tidegauge.demo.producer import FLUSH_EVENTS
from tidegauge.demo.replay import Replayed, replay
from tidegauge.worker.collect_stage import CollectStage, CollectTopics
from tidegauge.worker.monitor_stage import MonitorStage, MonitorTopics
from tidegauge.worker.stage import Chunk, Output

STARTED_MS = 1_700_000_000_000
SHARES = {
    "publish": (ModelMonitor, "publish"),
    "present": (ModelMonitor, "present"),
    "state": (Monitor, "changes"),
}

Record = tuple[bytes | None, bytes | None]
Event = tuple[str, bytes, bytes]


class Costs(Counter[str]):
    """CPU time by name, in ns."""

    def run(self, name: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call, and take what it yields."""
        started = time.process_time_ns()
        result = function(*arguments, **named)
        if isinstance(result, Iterator):
            result = list(result)
        self[name] += time.process_time_ns() - started
        return result


class Path:
    """Both stages over all their partitions.

    Args:
        costs: where the time of each stage is added.
    """

    def __init__(self, costs: Costs) -> None:
        settings = Configuration({}).settings
        config, self._sources = settings.core(), settings.topics.partitions
        partials = settings.topics.partials_partitions
        topics = (PREDICTIONS, "alerts", "metrics", "references", "dead-letters")
        counts = {**dict.fromkeys(topics, self._sources), "partials": partials}
        collect = CollectTopics(
            PREDICTIONS, FEEDBACK, "forwarded", "partials", "dead-letters", counts
        )
        monitor = MonitorTopics(PREDICTIONS, "partials", "alerts", "metrics", "references", counts)
        self._collect = [
            CollectStage(config, collect, number, "murmur2") for number in range(self._sources)
        ]
        self._monitor = [
            MonitorStage(config, monitor, number, 0.0, time.monotonic) for number in range(partials)
        ]
        self._costs = costs
        self._ends: Counter[tuple[str, int]] = Counter()
        self.windows = 0

    def step(self, events: Sequence[Event], append: int) -> None:
        """Read what was appended together, then commit and publish."""
        for at in range(0, len(events), FLUSH_EVENTS):
            self._read(events[at : at + FLUSH_EVENTS], append)
        partials = self._snapshots("collect", self._collect, append)
        for number, source in enumerate(self._collect):
            told = [(o.key, o.value) for o in partials if o[:2] == ("forwarded", number)]
            chunk = self._chunk("forwarded", number, told, append)
            self._costs.run("collect", source.process, chunk)
        for number, stage in enumerate(self._monitor):
            mine = [(o.key, o.value) for o in partials if o[:2] == ("partials", number)]
            chunk = self._chunk("partials", number, mine, append)
            self._costs.run("monitor", stage.process, chunk)
        published = self._snapshots("monitor", self._monitor, append)
        self.windows += sum(output.topic == "metrics" for output in published)
        stages: list[CollectStage | MonitorStage] = [*self._collect, *self._monitor]
        for output in published:
            if output.topic == "references" and output.key is not None:
                for each in stages:
                    each.broadcast(output.key, output.value)

    def _read(self, events: Sequence[Event], append: int) -> None:
        logs: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for topic, key, value in events:
            logs[topic, partition_for(key, self._sources)].append((key, value))
        for (topic, number), records in sorted(logs.items(), reverse=True):
            chunk = self._chunk(topic, number, records, append)
            self._costs.run("collect", self._collect[number].process, chunk)

    def _snapshots(
        self, name: str, stages: Sequence[CollectStage | MonitorStage], append: int
    ) -> list[Output]:
        outputs: list[Output] = []
        for stage in stages:
            self._costs.run(name, stage.tick, {PREDICTIONS: append, FEEDBACK: append})
            outputs += self._costs.run(name, stage.snapshot).outputs
        return outputs

    def _chunk(self, topic: str, number: int, records: Sequence[Record], append: int) -> Chunk:
        start = self._ends[topic, number]
        end = self._ends[topic, number] = start + len(records)
        made = tuple(
            ConsumerRecord(topic, number, start + at, append, 1, *record, None, -1, -1, ())
            for at, record in enumerate(records)
        )
        return Chunk(topic, number, start, end, end, append - 1, made)


def run(days: int, hours: int, costs: Costs) -> Path:
    """Replay so many days, so many hours a step."""
    path = Path(costs)
    flights = load_flights(FIRST_DAY, FIRST_DAY + timedelta(days=days))
    steps = groupby(replay(flights), key=lambda event: event.time_ms // (hours * HOUR))
    for number, (_, replayed) in enumerate(steps):
        path.step([_event(each) for each in replayed], STARTED_MS + number * SECOND)
    return path


def _event(replayed: Replayed) -> Event:
    event = replayed.event
    topic = PREDICTIONS if isinstance(event, Prediction) else FEEDBACK
    return topic, event.request_id.encode(), msgspec.json.encode(event)


def main() -> None:
    """Measure, or profile."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--days", type=int, default=28, help="days of flights")
    parser.add_argument("--hours", type=int, default=6, help="hours of flights in a step")
    parser.add_argument("--profile", action="store_true", help="show where the time goes instead")
    options = parser.parse_args()
    gc.set_threshold(500_000, 20, 100)
    costs = Costs()
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(run, options.days, options.hours, costs)
        pstats.Stats(profile).sort_stats("tottime").print_stats(60)
        return
    for share, (owner, method) in SHARES.items():
        setattr(owner, method, _timed(costs, share, getattr(owner, method)))
    path = run(options.days, options.hours, costs)
    seconds = costs["monitor"] / 1e9
    shares = ", ".join(f"{share} {costs[share] / costs['monitor']:.0%}" for share in SHARES)
    print(
        f"{path.windows} windows published: monitor {seconds:.1f} s, "
        f"{costs['monitor'] / costs['collect']:.2f} of collect's; of it {shares}"
    )


def _timed(costs: Costs, share: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        return costs.run(share, method, *arguments, **named)

    return timed


if __name__ == "__main__":
    main()
