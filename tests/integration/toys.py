"""Two toy stages with the shape of the real ones, and a worker process that runs them.

collect joins predictions and feedback by key and sends one delta per model to the model's partition
of partials; monitor adds the deltas and sends totals. Both also check what the shell promises about
time: a record must never be as old as a time that was called complete.
"""

import json
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tidegauge.worker import logs
from tidegauge.worker.app import run
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.outside import Outside
from tidegauge.worker.stage import Chunk, Output, Snapshot, StageSpec
from tidegauge.worker.status import StatusBoard

PREDICTIONS, FEEDBACK, PARTIALS, METRICS = "predictions", "feedback", "partials", "metrics"
COLLECT_STATE, MONITOR_STATE, REFERENCES = "collect-state", "monitor-state", "references"
DEAD_LETTERS = "dead-letters"
POISON = b"poison"


class BrokenPromiseError(Exception):
    pass


class Clock:
    """Checks the promises about time."""

    def __init__(self):
        self.complete = {}

    def check(self, chunk: Chunk) -> None:
        for record in chunk.records:
            if not chunk.start <= record.offset < chunk.end:
                raise BrokenPromiseError(f"{record.offset} is outside {chunk.start}..{chunk.end}")
            if record.timestamp <= self.complete.get(chunk.topic, 0):
                raise BrokenPromiseError(
                    f"{chunk.topic} offset {record.offset} of {record.timestamp} came after "
                    f"{self.complete[chunk.topic]} was complete"
                )
        self.advance({chunk.topic: chunk.complete_until_ms})

    def advance(self, complete: Mapping[str, int]) -> None:
        for topic, until in complete.items():
            if until < self.complete.get(topic, 0):
                raise BrokenPromiseError(f"{topic} went back to {until}")
            self.complete[topic] = until


class Collect:
    def __init__(self, prefix: str, partition: int, partials: int):
        self.prefix, self.partition, self.partials = prefix, partition, partials
        self.waiting: dict[bytes, bytes] = {}
        self.changed: dict[bytes, bytes | None] = {}
        self.deltas: Counter[str] = Counter()
        self.references: set[bytes] = set()
        self.seen = {PREDICTIONS: 0, FEEDBACK: 0}
        self.clock = Clock()

    def restore(self, key, value):
        if value is None:
            self.waiting.pop(key, None)
        else:
            self.waiting[key] = value

    def restored(self):
        self.changed.clear()

    def process(self, chunk: Chunk) -> None:
        if not self.references:
            raise BrokenPromiseError("the broadcast topic was not read first")
        self.clock.check(chunk)
        for record in chunk.records:
            if record.value == POISON:
                raise ValueError("poison")
            topic = chunk.topic.removeprefix(self.prefix)
            self.seen[topic] = max(self.seen[topic], record.timestamp)
            other = self.waiting.pop(record.key, None)
            if other is None:
                value = record.value if topic == PREDICTIONS else b""
                self.waiting[record.key] = self.changed[record.key] = value
            else:
                model = record.value if topic == PREDICTIONS else other
                self.changed[record.key] = None
                self.deltas[model.decode()] += 1

    def tick(self, complete_until_ms):
        self.clock.advance(complete_until_ms)

    def broadcast(self, key, _value):
        self.references.add(key)

    def preferred(self):
        return self.prefix + min(self.seen, key=self.seen.get)

    def snapshot(self) -> Snapshot:
        state, deltas = self.changed, self.deltas
        self.changed, self.deltas = {}, Counter()
        outputs = [
            Output(
                self.prefix + PARTIALS,
                zlib.crc32(model.encode()) % self.partials,
                f"{model}|{self.partition}".encode(),
                json.dumps([model, count]).encode(),
                headers=(("stage", b"collect"),),
            )
            for model, count in deltas.items()
        ]
        return Snapshot(list(state.items()), outputs)

    @property
    def dirty(self):
        return len(self.changed) + len(self.deltas)


class Monitor:
    def __init__(self, prefix: str):
        self.prefix = prefix
        self.totals: Counter[str] = Counter()
        self.changed: set[str] = set()
        self.clock = Clock()
        self.ticks = 0

    def restore(self, key, value):
        self.totals[key.decode()] = int(value)

    def restored(self):
        pass

    def process(self, chunk: Chunk) -> None:
        self.clock.check(chunk)
        for record in chunk.records:
            model, count = json.loads(record.value)
            self.totals[model] += count
            self.changed.add(model)

    def tick(self, complete_until_ms):
        self.clock.advance(complete_until_ms)
        self.ticks += 1

    def broadcast(self, _key, _value):
        raise BrokenPromiseError("monitor has no broadcast topic")

    def preferred(self):
        return None

    def snapshot(self) -> Snapshot:
        changed, self.changed = self.changed, set()
        pairs = [(model.encode(), b"%d" % self.totals[model]) for model in sorted(changed)]
        return Snapshot(
            list(pairs), [Output(self.prefix + METRICS, 0, key, value) for key, value in pairs]
        )

    @property
    def dirty(self):
        return 2 * len(self.changed)


def specs(prefix: str, partials: int, fingerprint: str = "toy") -> list[StageSpec]:
    def dead_letter(record, reason):
        headers = (("reason", reason.encode()),)
        return Output(prefix + DEAD_LETTERS, 0, record.key, record.value, headers)

    collect = StageSpec(
        name="collect",
        inputs=(prefix + PREDICTIONS, prefix + FEEDBACK),
        changelog=prefix + COLLECT_STATE,
        outputs=(prefix + PARTIALS, prefix + DEAD_LETTERS),
        make_stage=lambda partition: Collect(prefix, partition, partials),
        schema_version=1,
        fingerprint=fingerprint,
        broadcast=prefix + REFERENCES,
        dead_letter=dead_letter,
    )
    monitor = StageSpec(
        name="monitor",
        inputs=(prefix + PARTIALS,),
        changelog=prefix + MONITOR_STATE,
        outputs=(prefix + METRICS,),
        make_stage=lambda _partition: Monitor(prefix),
        schema_version=1,
        fingerprint=fingerprint,
    )
    return [collect, monitor]


def settings(prefix: str, bootstrap: str, **others) -> ShellSettings:
    others.setdefault("group", prefix + "toy")
    return ShellSettings(outside=Outside({"bootstrap_servers": bootstrap}), **others)


def show(board: StatusBoard, path: Path) -> None:
    while True:
        status = board.read()
        lines = [f"{status.phase} ready={status.ready} {status.detail}"]
        lines += [str(partition) for partition in status.partitions]
        path.with_suffix(".new").write_text("\n".join(lines))
        path.with_suffix(".new").replace(path)
        time.sleep(0.1)


if __name__ == "__main__":
    options = json.loads(sys.argv[1])
    logs.configure("INFO")
    board = StatusBoard()
    if "status" in options:
        path = Path(options["status"])
        threading.Thread(target=show, args=(board, path), daemon=True).start()
    prefix = options["prefix"]
    shell = settings(prefix, options["bootstrap"], **options.get("settings", {}))
    toys = specs(prefix, options["partials"], options.get("fingerprint", "toy"))
    sys.exit(run(shell, toys, board))
