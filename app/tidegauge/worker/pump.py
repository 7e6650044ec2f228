"""Processes what waits in the inboxes, one chunk at a time, partitions in turn."""

import asyncio
from collections import deque
from contextlib import suppress

from tidegauge.worker.ownership import Ownership
from tidegauge.worker.partition import Partition

IDLE_SECONDS = 0.5
"""A partition that waits for a preferred topic is looked at again after this."""


async def pump(ownership: Ownership) -> None:
    """Run until cancelled."""
    turns: deque[Partition] = deque()
    while True:
        ownership.work.clear()
        progress = False
        turns.extend(ownership)
        while turns:
            partition = turns.popleft()
            topic = partition.next_topic()
            if topic is not None:
                partition.process(topic)
                ownership.room.set()
                progress = True
            # fetches, commits and heartbeats of the main loop come in between
            await asyncio.sleep(0)
        if not progress:
            with suppress(TimeoutError):
                await asyncio.wait_for(ownership.work.wait(), IDLE_SECONDS)
