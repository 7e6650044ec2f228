from dataclasses import replace

import pytest

from tidegauge.kafka.admin import TopicState
from tidegauge.kafka.check import TopicCheck
from tidegauge.kafka.topics import BROKER_DEFAULT, TopicSpec, topic_specs
from tidegauge.settings.kafka import KafkaSettings, TopicNames, TopicsSettings

DAY = 24 * 60 * 60 * 1000
CHECK = TopicCheck("broker:9092", horizon_ms=2 * DAY)


def specs() -> dict[str, TopicSpec]:
    found = topic_specs(TopicNames(), TopicsSettings(partitions=6, partials_partitions=3))
    return {spec.role: spec for spec in found}


def states() -> dict[str, TopicState]:
    """All topics exactly as they should be."""
    defaults = {"message.timestamp.type": "CreateTime", "retention.ms": str(7 * DAY)}
    return {
        role: TopicState(spec, spec.partitions, 1, {**defaults, **spec.config})
        for role, spec in specs().items()
    }


def with_config(role: str, name: str, value: str) -> list[TopicState]:
    found = states()
    found[role] = replace(found[role], config={**found[role].config, name: value})
    return list(found.values())


def test_every_topic_of_the_settings_is_defined_under_its_full_name() -> None:
    names = KafkaSettings(topic_prefix="prod.").topic_names
    found = {spec.role: spec.name for spec in topic_specs(names, TopicsSettings())}
    assert found == dict(names)
    assert found["dead_letters"] == "prod.dead-letters"


def test_topics_that_are_processed_together_have_one_partition_count() -> None:
    found = specs()
    assert {found[role].partitions for role in ("predictions", "feedback", "collect_state")} == {6}
    assert {found[role].partitions for role in ("partials", "monitor_state")} == {3}


def test_what_time_deletes_is_stamped_by_the_broker() -> None:
    for spec in specs().values():
        stamped = spec.config.get("message.timestamp.type") == "LogAppendTime"
        assert stamped == ("delete" in spec.cleanup)


def test_alerts_stay_readable_for_a_week_and_state_is_compacted_early() -> None:
    found = specs()
    assert found["alerts"].config["min.compaction.lag.ms"] == str(7 * DAY)
    for role in ("collect_state", "monitor_state"):
        assert found[role].config["cleanup.policy"] == "compact"
        assert found[role].config["min.cleanable.dirty.ratio"] == "0.1"


def test_differences_are_never_compacted() -> None:
    assert specs()["partials"].cleanup == "delete"


@pytest.mark.parametrize(("given", "expected"), [(None, BROKER_DEFAULT), (3, 3)])
def test_replication_is_the_brokers_unless_set(given: int | None, expected: int) -> None:
    found = topic_specs(TopicNames(), TopicsSettings(replication=given))
    assert {spec.replication for spec in found} == {expected}


def test_topics_as_defined_pass() -> None:
    assert CHECK.problems(list(states().values())) == []


def test_a_missing_topic_is_named_with_the_command_that_creates_it() -> None:
    found = states()
    found["feedback"] = replace(found["feedback"], partitions=0, config={})
    (problem,) = CHECK.problems(list(found.values()))
    assert problem.topic == "feedback"
    assert "tidegauge topics create" in problem.remedy


@pytest.mark.parametrize(
    ("role", "topic", "largest"),
    [
        ("feedback", "feedback", "predictions"),
        ("predictions", "predictions", "feedback"),
        ("collect_state", "collect-state", "predictions"),
        ("monitor_state", "monitor-state", "partials"),
    ],
)
def test_a_smaller_partition_count_is_refused(role: str, topic: str, largest: str) -> None:
    found = states()
    wanted = found[role].partitions
    found[role] = replace(found[role], partitions=2)
    (problem,) = CHECK.problems(list(found.values()))
    assert problem.topic == topic
    assert problem.found == "partition count 2"
    assert f"{wanted}, as {largest} has" in problem.wanted
    command = "kafka-topics --bootstrap-server broker:9092 --alter --topic"
    assert f"{command} {topic} --partitions {wanted}`" in problem.remedy


@pytest.mark.parametrize(
    ("role", "name", "value", "remedy"),
    [
        (
            "predictions",
            "message.timestamp.type",
            "CreateTime",
            "message.timestamp.type=LogAppendTime",
        ),
        (
            "partials",
            "message.timestamp.type",
            "CreateTime",
            "message.timestamp.type=LogAppendTime",
        ),
        ("feedback", "retention.ms", str(DAY), f"retention.ms={7 * DAY}"),
        ("partials", "cleanup.policy", "compact", "cleanup.policy=[delete]"),
        ("collect_state", "cleanup.policy", "compact,delete", "cleanup.policy=[compact]"),
    ],
)
def test_a_configuration_that_makes_results_wrong_is_refused(
    role: str, name: str, value: str, remedy: str
) -> None:
    (problem,) = CHECK.problems(with_config(role, name, value))
    topic = specs()[role].name
    assert problem.topic == topic
    assert problem.found == f"{name} is {value}"
    command = f"kafka-configs --bootstrap-server broker:9092 --alter --topic {topic}"
    assert problem.remedy == f"`{command} --add-config {remedy}`"
    assert all(part in str(problem) for part in (topic, problem.found, problem.wanted, remedy))


@pytest.mark.parametrize("value", ["-1", str(2 * DAY)])
def test_retention_without_end_or_just_long_enough_passes(value: str) -> None:
    assert CHECK.problems(with_config("predictions", "retention.ms", value)) == []


def test_the_order_of_cleanup_policies_does_not_matter() -> None:
    assert CHECK.problems(with_config("alerts", "cleanup.policy", "delete,compact")) == []
