"""Making a partition active: fence, restore, compare, position."""

import asyncio
import logging
import math
from collections.abc import Mapping

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    ConcurrentTransactions,
    GroupAuthorizationFailedError,
    InvalidProducerEpoch,
    KafkaError,
    KafkaTimeoutError,
    ProducerFenced,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from tidegauge.worker import changelog
from tidegauge.worker.backoff import Backoff
from tidegauge.worker.changelog import Mark
from tidegauge.worker.cluster import group_offsets
from tidegauge.worker.exits import RefusedError
from tidegauge.worker.logends import LogEnds
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.partition import Partition
from tidegauge.worker.restoring import RestoreProgress
from tidegauge.worker.stage import StageSpec
from tidegauge.worker.status import PartitionState
from tidegauge.worker.transaction import BATCH_BYTES

log = logging.getLogger(__name__)

DENIED = (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
# fenced while opening: another worker still held the partition, and one of the two will let go
PASSING = (ConcurrentTransactions, InvalidProducerEpoch, KafkaTimeoutError, OSError, ProducerFenced)
REPAIR_COMMAND = "tidegauge worker --repair-offsets"
SETTLE_SECONDS = 3.0
"""A transaction's offsets can become visible a moment after its end was acknowledged."""
SETTLE_POLL_SECONDS = 0.2
RETRY_BACKOFF_MS = 20


def passes(error: BaseException) -> bool:
    """Whether waiting and trying again mends it; aiokafka has some such errors as mere causes."""
    if type(error) is KafkaError and error.__cause__ is not None:
        return passes(error.__cause__)
    return isinstance(error, PASSING) or getattr(error, "retriable", False)


def transactional_producer(
    settings: ShellSettings, spec: StageSpec, partition: int
) -> AIOKafkaProducer:
    """The producer that owns a partition of a stage, not yet started.

    Its id names the state, and not the group: whoever writes to this changelog fences all others.
    """
    return settings.outside.producer(
        transactional_id=f"{spec.changelog}.{partition}",
        transaction_timeout_ms=int(settings.transaction_timeout * 1000),
        max_batch_size=BATCH_BYTES,
        retry_backoff_ms=RETRY_BACKOFF_MS,
    )


class Opener:
    """Opens partitions, some at a time.

    Args:
        settings: Settings of the shell.
        log_ends: Ends of the input logs.
    """

    def __init__(self, settings: ShellSettings, log_ends: LogEnds) -> None:
        self._settings = settings
        self._log_ends = log_ends
        self._places = asyncio.Semaphore(settings.open_at_once)

    async def open(self, partition: Partition) -> None:
        """Bring a partition to the point where it can be activated.

        A missing broker is waited for. Cancelling leaves the partition closed.

        Raises:
            RefusedError: The stored state or positions do not fit.
            StageError: The stage did not take its changelog.
        """
        started = self._settings.outside.monotonic()
        backoff = Backoff(f"opening {partition}")
        async with self._places:
            while True:
                try:
                    await self._attempt(partition)
                    break
                except (KafkaError, OSError) as error:
                    await partition.close()
                    if isinstance(error, DENIED):
                        raise RefusedError(f"{partition} may not be opened: {error!r}") from error
                    if not passes(error):
                        raise
                    await backoff.wait(error)
                except BaseException:
                    await partition.close()
                    raise
        log.info(
            "event=opened %s restored=%d seconds=%.2f positions=%s",
            partition,
            partition.restored,
            self._settings.outside.monotonic() - started,
            {tp.topic: position for tp, position in partition.positions().items()},
        )

    async def _attempt(self, partition: Partition) -> None:
        spec, number = partition.spec, partition.number
        partition.state = PartitionState.OPENING
        partition.stage = spec.make_stage(number)
        await self._refuse_state_of_another_group(partition)
        partition.producer = transactional_producer(self._settings, spec, number)
        await partition.producer.start()
        # known metadata lets a transaction queue everything before it first waits
        for topic in (spec.changelog, *spec.outputs):
            await partition.producer.partitions_for(topic)
        partition.partitions = len(await partition.producer.partitions_for(spec.inputs[0]))
        partition.state = PartitionState.RESTORING
        progress = RestoreProgress(partition)
        found = await changelog.restore(
            self._settings.outside, spec, number, partition.stage, progress
        )
        changelog.check_meta(spec, number, found, partition.partitions)
        partition.meta_due = found.meta is None
        partition.quarantine = found.quarantine
        await self._compare_with_group(partition, found.marks)
        partition.load_marks(found.marks or {})
        await self._compare_with_logs(partition)
        partition.finish_restore()

    async def _refuse_state_of_another_group(self, partition: Partition) -> None:
        # before the producer starts, since that would fence the owner in the other group
        outside, spec = self._settings.outside, partition.spec
        settled = math.inf
        while True:
            asked = outside.monotonic()
            if await self._committed(partition):
                return
            marks = (await changelog.read_own(outside, spec, partition.number)).marks or {}
            if not any(mark.position for mark in marks.values()):
                return
            # an owner in this group may be making its first commit just now
            if asked > settled:
                raise self._differing(partition, marks, {})
            settled = min(settled, outside.monotonic() + SETTLE_SECONDS)
            await asyncio.sleep(SETTLE_POLL_SECONDS)

    async def _committed(self, partition: Partition) -> dict[TopicPartition, int]:
        return await group_offsets(
            self._settings.outside, self._settings.group, partition.tps.values()
        )

    async def _compare_with_group(
        self, partition: Partition, marks: Mapping[str, Mark] | None
    ) -> None:
        outside, stored = self._settings.outside, marks or {}
        settled = outside.monotonic() + SETTLE_SECONDS
        while True:
            asked = outside.monotonic()
            committed = await self._committed(partition)
            if not _wrong(partition, stored, committed):
                return
            if asked > settled:
                break
            await asyncio.sleep(SETTLE_POLL_SECONDS)
        found = await changelog.read_own(outside, partition.spec, partition.number)
        if found.marks != marks:
            raise ProducerFenced(f"another worker has committed since {partition} was taken")
        raise self._differing(partition, stored, committed)

    def _differing(
        self,
        partition: Partition,
        marks: Mapping[str, Mark],
        committed: Mapping[TopicPartition, int],
    ) -> RefusedError:
        differing = ", ".join(
            f"{tp.topic}-{tp.partition}: group {committed.get(tp, 'none')}, state {position}"
            for tp, position in _wrong(partition, marks, committed).items()
        )
        return RefusedError(
            f"{partition}: the offsets of group {self._settings.group} differ from the positions "
            f"stored with the state ({differing}). Either another group works on this state, or "
            f"another application uses this group, or the offsets or the topic "
            f"{partition.spec.changelog} were changed by hand. To go on with this group, stop all "
            f"workers and set its offsets to the stored positions: {REPAIR_COMMAND}"
        )

    async def _compare_with_logs(self, partition: Partition) -> None:
        tps = list(partition.tps.values())
        starts, ends = await self._log_ends.starts(tps), await self._log_ends.ends(tps)
        for tp, position in partition.positions().items():
            if position > ends[tp]:
                raise RefusedError(
                    f"{partition}: {tp.topic}-{tp.partition} ends at {ends[tp]}, before the stored "
                    f"position {position}: the topic was truncated or made anew. Give the stage an "
                    f"empty changelog topic and a new group to start again."
                )
            if position < starts[tp]:
                partition.lose(tp.topic, starts[tp])


def _wrong(
    partition: Partition, marks: Mapping[str, Mark], committed: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """The stored positions from which the group's offsets differ."""
    stored = {tp: marks.get(tp.topic, Mark()).position for tp in partition.tps.values()}
    return {tp: position for tp, position in stored.items() if committed.get(tp, 0) != position}
