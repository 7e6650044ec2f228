"""What a killed run has published beyond its bookmark, on a consumer without a broker."""

from dataclasses import dataclass, field

import pytest
from kafka import TopicPartition

from tidegauge.demo.errors import DemoError
from tidegauge.demo.progress import Identity
from tidegauge.demo.tail import read

PREDICTIONS, FEEDBACK = TopicPartition("predictions", 1), TopicPartition("feedback", 0)


@dataclass
class Record:
    value: bytes | None


@dataclass
class Logs:
    """Logs that a consumer reads one record at a time."""

    values: dict[TopicPartition, list[bytes | None]]
    at: dict[TopicPartition, int] = field(default_factory=dict)

    def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: len(self.values[tp]) for tp in places}

    def assign(self, places: list[TopicPartition]) -> None:
        self.at = dict.fromkeys(places, 0)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.at[tp] = offset

    def position(self, tp: TopicPartition) -> int:
        return self.at[tp]

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Record]]:  # noqa: ARG002
        tp = next(tp for tp, at in self.at.items() if at < len(self.values[tp]))
        self.at[tp] += 1
        return {tp: [Record(self.values[tp][self.at[tp] - 1])]}


def test_events_behind_the_bookmark_are_found_and_what_others_publish_is_no_matter() -> None:
    prediction = b'{"request_id":"r1","model":"m","version":"2","score":0.5}'
    label = b'{"request_id":"r1","model":"m","label":1}'
    logs = Logs({PREDICTIONS: [b"old", prediction, b"no JSON", None], FEEDBACK: [b"old", label]})
    found = read(logs, {PREDICTIONS: 1, FEEDBACK: 1}, "predictions")
    assert found == {Identity(True, "r1", "m", "2"), Identity(False, "r1", "m", "")}
    assert read(logs, {PREDICTIONS: 4, FEEDBACK: 2}, "predictions") == set()


def test_a_topic_that_has_become_shorter_is_told() -> None:
    with pytest.raises(DemoError, match="feedback has lost records of the last run"):
        read(Logs({FEEDBACK: [b"{}"]}), {FEEDBACK: 2}, "predictions")
