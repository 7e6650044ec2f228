"""A past period of the raw log is counted as a worker counts it."""

import json
from typing import Any

from world import START, at

from tidegauge.core.config import MINUTE, SECOND, ModelConfig, ReferenceConfig
from tidegauge.dataset.period import MAX_VERSIONS, Period, event_time

RULES = ModelConfig(lateness_ms=MINUTE, reference=ReferenceConfig(sample_size=5))
END = START + 100 * SECOND


def period(version: str | None = None) -> Period:
    return Period(
        "a",
        version,
        RULES,
        start=START,
        until=END,
    )


def prediction(request: str, time: int, **fields: Any) -> bytes:
    made = {
        "request_id": request,
        "model": "a",
        "version": "1",
        "timestamp": at(time).isoformat(),
        "prediction": 1,
        **fields,
    }
    return json.dumps(made).encode()


def take(into: Period, request: str, time: int, **fields: Any) -> None:
    into.take(0, prediction(request, time, **fields), time)


def test_the_start_counts_and_the_end_does_not() -> None:
    made = period()
    for second in (-1, 0, 99, 100):
        take(made, f"r{second}", START + second * SECOND)
    assert made.versions == {"1": 2}
    assert len(made.samples["1"].items) == 2


def test_what_a_worker_would_not_count_is_no_part_of_it() -> None:
    made = period()
    good, time = prediction("r0", START), START + SECOND
    made.take(0, prediction("r0", START + 90 * SECOND, version="0"), END)
    made.take(0, good, END)  # later than lateness allows
    made.take(0, prediction("r0", time, model="b"), time)
    made.take(0, b"{}", time)
    made.take(0, prediction("r0", END - 1), START - RULES.max_future_ms)
    assert made.versions == {"0": 1}


def test_of_a_request_the_first_answer_counts() -> None:
    made = period()
    take(made, "r", START, score=0.25)
    take(made, "r", START, score=0.75)
    assert [row.score for row in made.samples["1"].items.values()] == [0.25]


def test_versions_are_told_apart_within_a_bound() -> None:
    made = period()
    for number in range(MAX_VERSIONS + 3):
        take(made, f"r{number}", START, version=str(number))
    assert len(made.versions) == MAX_VERSIONS
    one = period("7")
    for number in range(9):
        take(one, f"r{number}", START, version=str(number))
    assert one.versions == {"7": 1}


def test_a_partition_has_passed_once_all_before_the_end_would_be_late() -> None:
    made = period()
    assert not made.passed(0)
    take(made, "r0", END + MINUTE - 1)
    assert not made.passed(0)
    take(made, "r1", END + MINUTE)
    assert made.passed(0)


def test_the_time_of_another_record_is_none() -> None:
    assert event_time(prediction("r", START), "a") == START
    assert event_time(prediction("r", START), "b") is None
    assert event_time(None, "a") is None
