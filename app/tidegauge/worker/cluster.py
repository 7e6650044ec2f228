"""What the worker asks the cluster once in a while."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tidegauge.worker.outside import Outside


@asynccontextmanager
async def _admin(outside: Outside) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = outside.admin()
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def partition_counts(outside: Outside, topics: Collection[str]) -> dict[str, int]:
    """Partition counts of those topics that exist.

    Raises:
        aiokafka.errors.KafkaError: The broker cannot be reached.
    """
    async with _admin(outside) as admin:
        described = await admin.describe_topics(sorted(topics))
    return {
        topic["topic"]: len(topic["partitions"]) for topic in described if topic["error_code"] == 0
    }


async def group_offsets(
    outside: Outside, group: str, tps: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """The group's committed offsets; a partition without one is left out.

    Raises:
        aiokafka.errors.KafkaError: The broker cannot be reached.
    """
    async with _admin(outside) as admin:
        found = await admin.list_consumer_group_offsets(group, partitions=list(tps))
    return {tp: found[tp].offset for tp in tps if tp in found and found[tp].offset >= 0}
