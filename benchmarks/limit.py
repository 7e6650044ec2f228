"""The limit: the same decode, join and fold on bare aiokafka, without saving or publishing.

Run by `throughput.py`: ``python limit.py SETTINGS RECORDS``.
"""

import asyncio
import gc
import sys
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from outcome import Stopwatch, end_with_parent
from tidegauge.kafka.client import Connection, client_options
from tidegauge.settings import Settings
from tidegauge.settings.load import load
from tidegauge.worker.collect_stage import CollectStage, CollectTopics
from tidegauge.worker.stage import Chunk


async def read_all(settings: Settings, expected: int) -> None:
    """Process ``expected`` records, which must be in the topics already, and report."""
    names, worker = settings.kafka.topic_names, settings.worker
    sources = settings.topics.partitions
    counts = {names.predictions: sources, names.partials: settings.topics.partials_partitions}
    topics = CollectTopics.of(names, counts)
    stages = [
        CollectStage(settings.core(), topics, number, settings.join.partitioner)
        for number in range(sources)
    ]
    consumer = AIOKafkaConsumer(
        **client_options(Connection.of(settings.kafka)),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    inputs = [
        TopicPartition(topic, number)
        for topic in (names.predictions, names.feedback)
        for number in range(sources)
    ]
    consumer.assign(inputs)
    left = {tp: end for tp, end in (await consumer.end_offsets(inputs)).items() if end}
    read = 0
    watch = None
    while read < expected:
        # like the worker: of two topics the one that is behind in event time
        wanted = [
            tp
            for tp in left
            if stages[tp.partition].preferred() in (None, tp.topic)
            or TopicPartition(stages[tp.partition].preferred() or "", tp.partition) not in left
        ]
        fetched = await consumer.getmany(*wanted, timeout_ms=100, max_records=worker.fetch_records)
        watch = watch or Stopwatch()
        for tp, records in fetched.items():
            end = records[-1].offset + 1
            complete = records[-1].timestamp - 1
            stages[tp.partition].process(
                Chunk(tp.topic, tp.partition, records[0].offset, end, end, complete, tuple(records))
            )
            read += len(records)
            if end >= left[tp]:
                del left[tp]
    (watch or Stopwatch()).outcome(read).report()
    await consumer.stop()


if __name__ == "__main__":
    end_with_parent()
    gc.set_threshold(500_000, 20, 100)  # as the worker does
    asyncio.run(read_all(load(Path(sys.argv[1])), int(sys.argv[2])))
