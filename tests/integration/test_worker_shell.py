"""Real worker processes with the toy stages, killed, stopped and joined while they work."""

import asyncio
import signal

import pytest
import toys
from aiokafka import AIOKafkaConsumer
from kafka import KafkaAdminClient
from kafka.structs import OffsetAndMetadata, TopicPartition
from toyworld import World

from tidegauge.worker import exits, repair

pytestmark = pytest.mark.broker


@pytest.fixture
def world(broker, topic_prefix, tmp_path):
    made = World(broker.bootstrap, topic_prefix, tmp_path)
    yield made
    made.end()


@pytest.mark.chaos
def test_totals_are_exact_although_workers_are_killed_stopped_and_joined(world):
    async def story():
        await world.create_topics()
        first = world.start_worker()
        second = world.start_worker()
        sending = asyncio.create_task(world.send_pairs(30_000, per_second=2_500))
        await asyncio.to_thread(world.wait_active, first)
        await asyncio.to_thread(world.wait_active, second)
        await asyncio.sleep(1.5)
        first.kill()
        third = world.start_worker()
        await asyncio.to_thread(world.wait_active, third)
        second.send_signal(signal.SIGTERM)
        stopped = await asyncio.to_thread(second.wait, 30)
        await sending
        return stopped, await world.differences()

    stopped, differences = asyncio.run(story())
    assert differences == []
    assert stopped == exits.OK


def test_a_record_a_stage_dies_on_is_named_and_can_be_set_aside(world):
    async def story():
        await world.create_topics()
        await world.send_pairs(200)
        await world.send_poison()
        await world.send_pairs(200, seed=2)
        deaths = []
        for _ in range(2):
            worker = world.start_worker()
            deaths.append((await asyncio.to_thread(worker.wait, 30), world.log_of(worker)))
        collect, _ = toys.specs(world.prefix, world.partials)
        settings = toys.settings(world.prefix, world.bootstrap)
        await repair.set_aside(settings, collect, *world.poison)
        world.start_worker()
        return deaths, await world.differences(), await world.read(toys.DEAD_LETTERS)

    deaths, differences, (dead_letters, _) = asyncio.run(story())
    assert [code for code, _ in deaths] == [exits.BUG, exits.BUG]
    topic, partition, offset = world.poison
    assert f"stage=collect partition={partition} failed on topic={topic}" in deaths[0][1]
    assert f"offsets={offset}..{offset} deaths=2" in deaths[1][1]
    assert f"--set-aside collect/{topic}/{partition}/{offset}" in deaths[1][1]
    assert differences == []
    assert [record.value for record in dead_letters[toys.DEAD_LETTERS]] == [toys.POISON]


def test_group_offsets_that_differ_are_refused_and_can_be_repaired(world):
    async def story():
        await world.create_topics()
        await world.send_pairs(100)
        worker = world.start_worker()
        exact = await world.differences()
        worker.send_signal(signal.SIGTERM)
        await asyncio.to_thread(worker.wait, 30)
        move_group_offset(world)
        refused = world.start_worker()
        code = await asyncio.to_thread(refused.wait, 30)
        specs = toys.specs(world.prefix, world.partials)
        settings = toys.settings(world.prefix, world.bootstrap)
        repaired = await repair.repair_offsets(settings, specs)
        world.start_worker()
        await world.send_pairs(100, seed=2)
        return exact, code, world.log_of(refused), repaired, await world.differences()

    exact, code, log, repaired, differences = asyncio.run(story())
    assert exact == []
    assert code == exits.CONFIG
    assert "tidegauge worker --repair-offsets" in log
    assert [(change.tp.partition, change.before) for change in repaired] == [(1, 3)]
    assert differences == []


def move_group_offset(world):
    admin = KafkaAdminClient(bootstrap_servers=world.bootstrap)
    tp = TopicPartition(world.prefix + toys.PREDICTIONS, 1)
    admin.alter_group_offsets(world.prefix + "toy", {tp: OffsetAndMetadata(3, "", -1)})
    admin.close()


def test_a_second_group_on_the_same_state_is_refused(world):
    async def story():
        await world.create_topics()
        await world.send_pairs(100)
        first = world.start_worker()
        exact = await world.differences()
        second = world.start_worker(group=world.prefix + "other")
        code = await asyncio.to_thread(second.wait, 60)
        await world.send_pairs(100, seed=2)
        return exact, code, world.log_of(second), await world.differences(), first.poll()

    exact, code, log, still_exact, first_ended = asyncio.run(story())
    assert exact == still_exact == []
    assert first_ended is None
    assert code == exits.CONFIG
    assert "group none" in log
    assert "another group works on this state" in log


def test_state_made_under_other_settings_is_refused(world):
    async def story():
        await world.create_topics()
        await world.send_pairs(50)
        worker = world.start_worker()
        await world.differences()
        before = world.log_of(worker)
        refused = world.start_worker(fingerprint="other")
        code = await asyncio.to_thread(refused.wait, 30)
        return code, world.log_of(refused), before, world.log_of(worker)

    code, log, before, after = asyncio.run(story())
    assert code == exits.CONFIG
    assert "Traceback" not in log
    # the group has not noticed
    assert after == before
    assert "written with schema version 1 and settings toy; this worker has 1 and other" in log


def test_another_number_of_partitions_is_refused_at_once_and_at_each_start(world):
    async def story():
        await world.create_topics()
        await world.send_pairs(50)
        running = world.start_worker()
        await world.differences()
        await world.add_partitions(5)
        first = await asyncio.to_thread(running.wait, 60), world.log_of(running)
        again = world.start_worker()
        return first, (await asyncio.to_thread(again.wait, 60), world.log_of(again))

    for code, log in asyncio.run(story()):
        assert code == exits.CONFIG, log
        assert "had 3 when the state was made" in log
        assert "another kafka.group" in log


def test_topics_that_do_not_fit_are_refused(world):
    async def story():
        missing = world.start_worker()
        first = await asyncio.to_thread(missing.wait, 30), world.log_of(missing)
        await world.create_topics(feedback=5)
        unequal = world.start_worker()
        return first, (await asyncio.to_thread(unequal.wait, 30), world.log_of(unequal))

    (missing, missing_log), (unequal, unequal_log) = asyncio.run(story())
    assert missing == unequal == exits.CONFIG
    assert "do not exist; create them with: tidegauge topics create" in missing_log
    assert "need equal partition counts" in unequal_log


def test_records_that_retention_removed_are_counted_as_lost(world):
    async def story():
        await world.create_topics()
        await world.send_pairs(50)
        kept = world.start_worker()
        await world.differences()
        kept.send_signal(signal.SIGTERM)
        await asyncio.to_thread(kept.wait, 30)
        _, ends = await world.read(toys.PREDICTIONS)
        end = ends[toys.PREDICTIONS][0]
        await world.send_unread(partition=0, count=7)
        delete_before(world, end + 7)
        worker = world.start_worker()
        await asyncio.to_thread(world.wait_active, worker, world.partitions + world.partials)
        return end, world.log_of(worker), world.status_of(worker)

    end, log, status = asyncio.run(story())
    assert f"offsets={end}..{end + 6} count=7" in log
    assert f"position={end + 7}" in status
    assert "lost=7" in status


def delete_before(world, offset):
    admin = KafkaAdminClient(bootstrap_servers=world.bootstrap)
    admin.delete_records({TopicPartition(world.prefix + toys.PREDICTIONS, 0): offset})
    admin.close()


def test_a_topic_the_groups_leader_does_not_see_is_waited_for(world):
    # as after a broker's start, when its metadata lack topics for a moment
    async def story():
        await world.create_topics()
        worker = world.start_worker()
        # a commit under way would wait for the topic's offsets, in vain
        await world.wait_committed()
        async with world.topic_missing(toys.FEEDBACK):
            await asyncio.to_thread(world.wait_logged, worker, "event=assigned_alone")
        await world.send_pairs(500)
        return await world.differences(), worker.poll()

    assert asyncio.run(story()) == ([], None)


def test_a_static_member_that_returns_at_once_goes_on(world):
    async def story():
        await world.create_topics()
        everything = world.partitions + world.partials
        # longer than it takes to come back, so that the group notices nothing
        member = {"instance_id": "only", "session_timeout": 30.0}
        first = world.start_worker(**member)
        await asyncio.to_thread(world.wait_active, first, everything)
        first.kill()
        await world.send_pairs(500)
        second = world.start_worker(**member)
        await asyncio.to_thread(world.wait_active, second, everything)
        return await world.differences(), second.poll()

    assert asyncio.run(story()) == ([], None)


def test_a_worker_whose_group_belongs_to_others_ends_and_says_so(world):
    async def story():
        await world.create_topics()
        stranger = AIOKafkaConsumer(
            world.prefix + toys.PREDICTIONS, **world.options, group_id=world.prefix + "toy"
        )
        async with stranger:
            worker = world.start_worker()
            return await asyncio.to_thread(worker.wait, 30), world.log_of(worker)

    code, log = asyncio.run(story())
    assert code == exits.BUG
    assert "event=worker_dies" in log
    assert "InconsistentGroupProtocolError" in log
