"""State at size: memory of retained requests, and how long they take to be restored.

    python benchmarks/state.py [--requests 1000000] [--labelled 0.5] [--save]

Fills one partition's changelog on the embedded broker by collecting predictions of 8 features, of
which a share is labelled, with the transactions of a worker; then a fresh process restores it, as
a worker that takes the partition over does. Prints what is retained, bytes per request in memory
and on the log, and seconds.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chunks import APPEND_DELAY_MS, FEEDBACK, PREDICTIONS, START_MS
from load import Load, Pair, Shape
from outcome import resident_mib
from results import SAVE_HELP, finish
from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.core.config import CoreConfig
from tidegauge.worker import changelog, transaction
from tidegauge.worker.collect_stage import CollectStage, CollectTopics
from tidegauge.worker.freed import give_back
from tidegauge.worker.opening import transactional_producer
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.outside import Outside
from tidegauge.worker.stage import Chunk, Records, StageSpec

CHANGELOG = "collect-state"
LOAD = Load(Shape())
BATCH = 5_000
TP = TopicPartition(CHANGELOG, 0)


def make_stage(requests: int) -> CollectStage:
    """The stage of one partition that may retain so many requests."""
    config = CoreConfig()
    config = replace(config, limits=replace(config.limits, open_requests=requests))
    counts = {PREDICTIONS: 1, "partials": 1}
    topics = CollectTopics(PREDICTIONS, FEEDBACK, "forwarded", "partials", "dead-letters", counts)
    return CollectStage(config, topics, 0, "murmur2")


def spec_for(requests: int) -> StageSpec:
    """That stage as the shell sees it."""
    inputs = (PREDICTIONS, FEEDBACK)
    return StageSpec("collect", inputs, CHANGELOG, (), lambda _: make_stage(requests), 1, "bench")


def settings_for(bootstrap: str) -> ShellSettings:
    """Settings of the shell."""
    return ShellSettings("bench", Outside({"bootstrap_servers": bootstrap}))


async def fill(bootstrap: str, requests: int, labelled: float) -> None:
    """Collect the load, and write the changelog as commits do."""
    options = {"bootstrap_servers": bootstrap}
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    compacted = {"cleanup.policy": "compact"}
    await admin.create_topics([NewTopic(CHANGELOG, 1, 1, topic_configs=compacted)])
    await admin.close()
    settings = settings_for(bootstrap)
    producer = transactional_producer(settings, spec_for(requests), 0)
    await producer.start()
    try:
        stage = make_stage(requests)
        for chunk in _chunks(requests, labelled):
            stage.process(chunk)
            if stage.dirty >= settings.commit_records:
                await _commit(producer, stage)
        await _commit(producer, stage)
    finally:
        await producer.stop()


async def _commit(producer: Any, stage: CollectStage) -> None:
    state = Records(CHANGELOG, 0, stage.snapshot().state)
    await transaction.write(producer, [state], {}, "bench")


def _chunks(requests: int, labelled: float) -> Iterator[Chunk]:
    load = LOAD.pairs(requests, START_MS)
    at = 0
    while some := list(islice(load, BATCH)):
        told = some[: round(len(some) * labelled)]
        yield _chunk(PREDICTIONS, at, some)
        if told:
            yield _chunk(FEEDBACK, at, told)
        at += len(some)


def _chunk(topic: str, first: int, load: list[Pair]) -> Chunk:
    answers = topic == PREDICTIONS
    delay = APPEND_DELAY_MS + (0 if answers else LOAD.shape.label_delay_ms)
    records = []
    for offset, pair in enumerate(load, start=first):
        time_ms = LOAD.time_ms(offset, START_MS) + delay
        key, value = pair.key, pair.prediction if answers else pair.feedback
        records.append(
            ConsumerRecord(topic, 0, offset, time_ms, 1, key, value, None, len(key), len(value), ())
        )
    end = first + len(records)
    return Chunk(topic, 0, first, end, end, records[-1].timestamp - 1, tuple(records))


async def restore(bootstrap: str, requests: int) -> dict[str, float]:
    """Restore the changelog in this process; what it took."""
    stage = make_stage(requests)
    outside = Outside({"bootstrap_servers": bootstrap})
    consumer = outside.consumer()
    await consumer.start()
    consumer.assign([TP])
    log_records = (await consumer.end_offsets([TP]))[TP]
    await consumer.stop()
    before, started, cpu = resident_mib(), time.monotonic(), time.process_time()
    await changelog.restore(outside, spec_for(requests), 0, stage, lambda _done, _total: None)
    stage.restored()
    seconds, cpu_seconds = time.monotonic() - started, time.process_time() - cpu
    give_back()  # as a worker does at intervals
    return {
        "retained": len(stage.core.requests),
        "log_records": log_records,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "mib": resident_mib() - before,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--labelled", type=float, default=0.5, help="share that has a label")
    parser.add_argument("--restore", metavar="BOOTSTRAP", help="only restore, and tell in JSON")
    parser.add_argument("--save", action="store_true", help=SAVE_HELP)
    options = parser.parse_args()
    if options.restore:
        print(json.dumps(asyncio.run(restore(options.restore, options.requests))))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with EmbeddedBroker(folder, heap="1g") as broker:
            started = time.monotonic()
            asyncio.run(fill(broker.bootstrap, options.requests, options.labelled))
            print(f"filled in {time.monotonic() - started:.0f} s", flush=True)
            command = [sys.executable, __file__, "--restore", broker.bootstrap]
            command += ["--requests", str(options.requests)]
            told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            found = json.loads(told)
            segments = folder.rglob(f"{CHANGELOG}-0/*.log")
            log_bytes = sum(segment.stat().st_size for segment in segments)
    retained = found["retained"]
    figures = {
        "retained": retained,
        "bytes_in_memory": found["mib"] * 2**20 / retained,
        "bytes_on_log": log_bytes / retained,
        "records_on_log": found["log_records"] / retained,
        "seconds": found["seconds"],
        "cpu_seconds": found["cpu_seconds"],
    }
    print(
        f"{retained:,} retained: {figures['bytes_in_memory']:.0f} bytes each in memory, "
        f"{figures['bytes_on_log']:.0f} on the log in {figures['records_on_log']:.2f} records; "
        f"restored in {found['seconds']:.1f} s ({found['cpu_seconds']:.1f} s of CPU time)"
    )
    parameters = {"requests": options.requests, "labelled": options.labelled}
    finish(f"state-{options.requests}", parameters, figures, save=options.save)


if __name__ == "__main__":
    main()
