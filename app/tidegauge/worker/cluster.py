"""What the worker asks the cluster once in a while."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient


@asynccontextmanager
async def _admin(client_options: Mapping[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**client_options)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def partition_counts(
    client_options: Mapping[str, Any], topics: Collection[str]
) -> dict[str, int]:
    """Partition counts of those topics that exist.

    Raises:
        aiokafka.errors.KafkaError: The broker cannot be reached.
    """
    async with _admin(client_options) as admin:
        described = await admin.describe_topics(sorted(topics))
    return {
        topic["topic"]: len(topic["partitions"]) for topic in described if topic["error_code"] == 0
    }


async def group_offsets(
    client_options: Mapping[str, Any], group: str, tps: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """The group's committed offsets; a partition without one is left out.

    Raises:
        aiokafka.errors.KafkaError: The broker cannot be reached.
    """
    async with _admin(client_options) as admin:
        found = await admin.list_consumer_group_offsets(group, partitions=list(tps))
    return {tp: found[tp].offset for tp in tps if tp in found and found[tp].offset >= 0}
