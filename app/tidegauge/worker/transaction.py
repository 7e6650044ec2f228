"""One Kafka transaction: state, outputs and positions, all or nothing.

Two properties of aiokafka shape it. A commit succeeds although one of its records failed, so every
delivery is awaited and checked first. And `send` costs a future per record, so records are packed
into batches, one future each. All first batches are queued before anything is awaited: partitions
are then added to the transaction in one request, where the broker would otherwise stall it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import OffsetAndMetadata

from tidegauge.worker.stage import Output, Records

BATCH_BYTES = 512 * 1024
"""Size of a batch, half the broker's default limit. A larger record travels alone."""


class DeliveryError(Exception):
    """A batch of a transaction was not written; the message names the topic partition."""


def _pack(producer: AIOKafkaProducer, outputs: Iterable[Output | Records]) -> list[BatchBuilder]:
    """Batches of one topic partition, in order."""
    batches = [producer.create_batch()]
    for output in outputs:
        if isinstance(output, Records):
            _pack_many(producer, batches, output)
            continue
        _, _, key, value, headers, timestamp = output
        record = {"timestamp": timestamp, "key": key, "value": value, "headers": list(headers)}
        if batches[-1].append(**record) is None:
            batches.append(producer.create_batch())
            if batches[-1].append(**record) is None:
                raise _too_large(output)
    return batches


def _pack_many(producer: AIOKafkaProducer, batches: list[BatchBuilder], output: Records) -> None:
    append = batches[-1].append
    for key, value in output.records:
        if append(timestamp=None, key=key, value=value) is None:
            batches.append(producer.create_batch())
            append = batches[-1].append
            if append(timestamp=None, key=key, value=value) is None:
                raise _too_large(output)


def _too_large(output: Output | Records) -> ValueError:
    return ValueError(f"a record for {output.topic}-{output.partition} does not fit a batch")


async def write(
    producer: AIOKafkaProducer,
    outputs: Iterable[Output | Records],
    positions: Mapping[TopicPartition, int],
    group: str,
) -> None:
    """Commit outputs and the group's positions in one transaction.

    Args:
        producer: A started transactional producer.
        outputs: The records; order is kept within a topic partition.
        positions: Next offset to read, by input topic partition; none leaves the group alone.
        group: The consumer group that owns the positions.

    Raises:
        Exception: Anything here is fatal for the producer; nothing was committed, or its fate is
            unknown until the transactional id is taken again.
    """
    by_partition: dict[tuple[str, int], list[Output | Records]] = defaultdict(list)
    for output in outputs:
        by_partition[output.topic, output.partition].append(output)
    waves = {
        TopicPartition(*place): _pack(producer, records) for place, records in by_partition.items()
    }
    await producer.begin_transaction()
    deliveries = []
    while waves:
        for tp, batches in list(waves.items()):
            batch = batches.pop(0)
            delivery = await producer.send_batch(batch, tp.topic, partition=tp.partition)
            deliveries.append((tp, delivery))
            if not batches:
                del waves[tp]
    results = await asyncio.gather(*(d for _, d in deliveries), return_exceptions=True)
    for (tp, _), result in zip(deliveries, results, strict=True):
        if isinstance(result, BaseException):
            raise DeliveryError(
                f"{tp.topic}-{tp.partition} did not take a batch: {result!r}"
            ) from result
    if positions:
        await producer.send_offsets_to_transaction(
            {tp: OffsetAndMetadata(position, "") for tp, position in positions.items()}, group
        )
    await producer.commit_transaction()
