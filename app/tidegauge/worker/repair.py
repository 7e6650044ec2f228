"""Commands for a person to run while all workers are stopped.

Each takes the transactional id of a partition first; a worker that still runs is fenced by that and
ends at its next commit.
"""

from collections.abc import Collection
from dataclasses import dataclass

from aiokafka import TopicPartition

from tidegauge.worker import changelog, transaction
from tidegauge.worker.cluster import group_offsets, partition_counts
from tidegauge.worker.exits import RefusedError
from tidegauge.worker.opening import transactional_producer
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.quarantine import ASIDE, encode_aside
from tidegauge.worker.stage import Output, StageSpec


@dataclass(frozen=True, slots=True)
class RepairedOffset:
    """One group offset that was changed; ``before`` is None where the group had none."""

    tp: TopicPartition
    before: int | None
    after: int


async def repair_offsets(
    settings: ShellSettings, specs: Collection[StageSpec]
) -> list[RepairedOffset]:
    """Set the group's offsets to the positions stored with the state.

    Args:
        settings: Settings of the shell.
        specs: The stages.

    Returns:
        What was changed.

    Raises:
        aiokafka.errors.KafkaError: The broker cannot be reached.
    """
    repaired = []
    for spec in specs:
        counts = await partition_counts(settings.outside, spec.inputs)
        for number in range(max(counts.values(), default=0)):
            repaired += await _repair_partition(settings, spec, number)
    return repaired


async def _repair_partition(
    settings: ShellSettings, spec: StageSpec, number: int
) -> list[RepairedOffset]:
    async with transactional_producer(settings, spec, number) as producer:
        marks = (await changelog.read_own(settings.outside, spec, number)).marks or {}
        stored = {
            TopicPartition(topic, number): marks[topic].position if topic in marks else 0
            for topic in spec.inputs
        }
        before = await group_offsets(settings.outside, settings.group, stored.keys())
        wrong = {tp: at for tp, at in stored.items() if before.get(tp, 0) != at}
        if wrong:
            await transaction.write(producer, [], wrong, settings.group)
    return [RepairedOffset(tp, before.get(tp), at) for tp, at in wrong.items()]


async def set_aside(
    settings: ShellSettings, spec: StageSpec, topic: str, partition: int, offset: int
) -> None:
    """Have a record go to the dead letters instead of the stage.

    Args:
        settings: Settings of the shell.
        spec: The stage that dies on it.
        topic: The record's topic, an input of the stage.
        partition: The record's partition.
        offset: The record's offset.

    Raises:
        RefusedError: The record is not one the stage has still to process.
        aiokafka.errors.KafkaError: The broker cannot be reached.
    """
    if topic not in spec.inputs:
        raise RefusedError(f"stage {spec.name} reads {spec.inputs}, not {topic}")
    if spec.dead_letter is None:
        raise RefusedError(f"stage {spec.name} has no dead letters to move a record to")
    async with transactional_producer(settings, spec, partition) as producer:
        found = await changelog.read_own(settings.outside, spec, partition)
        mark = (found.marks or {}).get(topic, changelog.Mark())
        if offset < mark.position:
            raise RefusedError(
                f"stage {spec.name} has processed {topic}-{partition} up to {mark.position}; "
                f"offset {offset} lies before that"
            )
        offsets = found.quarantine.aside
        offsets.setdefault(topic, set()).add(offset)
        note = Output(spec.changelog, partition, ASIDE, encode_aside(offsets))
        await transaction.write(producer, [note], {}, settings.group)
