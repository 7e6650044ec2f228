"""What must be true of everything that was ever committed, whatever happened."""

from collections.abc import Iterable

from aiokafka import TopicPartition
from countstage import COUNT, INPUTS, NUMBER, OUTPUT, TOPICS
from modelkafka import ModelKafka

from tidegauge.worker import changelog

OWNERS = tuple((stage, n) for stage, inputs in INPUTS.items() for n in range(TOPICS[inputs[0]]))
"""All that can be owned: stages and partitions."""


def check(kafka: ModelKafka) -> None:
    """Compare state, positions and outputs of all stages with their inputs.

    Raises:
        AssertionError: Something was lost, doubled, or committed apart from what belongs to it.
    """
    for stage, number in OWNERS:
        _check_stage(kafka, stage, number)


def behind(kafka: ModelKafka) -> dict[TopicPartition, tuple[int, int]]:
    """Committed positions and ends of the inputs that are not processed to their end."""
    ends = {
        TopicPartition(topic, number): kafka.logs[TopicPartition(topic, number)].end
        for stage, number in OWNERS
        for topic in INPUTS[stage]
    }
    at = kafka.decided_offsets
    return {tp: (at.get(tp, 0), end) for tp, end in ends.items() if at.get(tp, 0) != end}


def _check_stage(kafka: ModelKafka, stage: str, number: int) -> None:
    where = f"{stage}-{number}"
    state = {r.key: r.value for r in kafka.read_committed(TopicPartition(stage, number))}
    kept = state.get(changelog.POSITIONS)
    marks = {} if kept is None else changelog._marks.decode(kept)
    counted = {
        key.removeprefix(COUNT): int(value or b"")
        for key, value in state.items()
        if key is not None and key.startswith(COUNT)
    }
    sent = _sent(kafka, stage, where)
    expected: set[bytes] = set()
    for topic in INPUTS[stage]:
        tp = TopicPartition(topic, number)
        mark = marks.get(topic, changelog.Mark())
        group = kafka.decided_offsets.get(tp, 0)
        assert group == mark.position, f"{where}: group at {group}, state at {mark} of {tp}"
        read = [r for r in kafka.read_committed(tp) if r.offset < mark.position]
        processed = [r for r in read if r.value in counted]
        lost = [r.offset for r in read if r.value not in counted]
        start = kafka.logs[tp].start
        assert all(offset < start for offset in lost), f"{where}: lost {lost} of {tp}, from {start}"
        assert len(processed) == mark.records, f"{where}: {mark}, {len(processed)} of {tp} in state"
        assert len(lost) <= mark.lost, f"{where}: {mark}, lost {lost} of {tp}"
        assert mark.records + mark.lost <= mark.position, f"{where}: {mark} of {tp}"
        if tp.topic not in OUTPUT.values() and not kafka.logs[tp].has_markers:
            assert mark.records + mark.lost == mark.position, f"{where}: {mark} of {tp}"
        assert int(state.get(NUMBER + topic.encode()) or b"0") == mark.records, f"{where}: {mark}"
        passed = [f"{where}.{topic}.{n}<{_text(r.value)}>" for n, r in enumerate(processed, 1)]
        of_topic = [text for text in sent if text.startswith(f"{where}.{topic}.")]
        assert of_topic == passed, f"{where}: sent {of_topic} for {passed}"
        expected.update(r.value for r in processed if r.value is not None)
    assert counted == dict.fromkeys(expected, 1), f"{where}: counted {counted}"


def _sent(kafka: ModelKafka, stage: str, where: str) -> list[str]:
    log: Iterable[str] = (
        _text(r.value) for r in kafka.read_committed(TopicPartition(OUTPUT[stage], 0))
    )
    return [text for text in log if text.startswith(f"{where}.")]


def _text(value: bytes | None) -> str:
    assert value is not None
    return value.decode()
