"""Processes what waits in the inboxes, one chunk at a time, partitions in turn."""

import asyncio
import logging
from collections import deque
from contextlib import suppress

from tidegauge.worker.exits import StageError
from tidegauge.worker.ownership import Ownership
from tidegauge.worker.partition import Partition

log = logging.getLogger(__name__)

NOTE_SECONDS = 5.0
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
            if topic is None:
                partition.linger.stop()
            else:
                try:
                    partition.process(topic)
                except StageError:
                    await _note_death(partition)
                    raise
                ownership.room.set()
                progress = True
            # fetches, commits and heartbeats of the main loop come in between
            await asyncio.sleep(0)
        if not progress:
            with suppress(TimeoutError):
                await asyncio.wait_for(ownership.work.wait(), IDLE_SECONDS)


async def _note_death(partition: Partition) -> None:
    try:
        await asyncio.wait_for(partition.note_death(), NOTE_SECONDS)
    except Exception as error:  # noqa: BLE001 - the stage's own error is what matters
        log.warning("event=death_not_noted %s error=%r", partition, error)
