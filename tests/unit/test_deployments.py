"""Deployments: what is new is marked once, at the time of its first prediction."""

import pytest
from world import CONFIG, START

from tidegauge.core.collect.deployments import Sightings
from tidegauge.core.config import HOUR, SECOND
from tidegauge.core.monitor.deployments import Combination, Deployments
from tidegauge.worker.monitor_stage import MonitorStage, MonitorTopics

PANE = 10 * SECOND


def deployments(*told: tuple[str, str, str, int], limit: int = 200) -> Deployments:
    made = Deployments("a", limit, PANE)
    for combination in told:
        made.take(*combination)
    return made


def marked(made: Deployments, until: int) -> list[tuple[str, str, str, int]]:
    return [(d.kind.value, d.value, d.version, d.time_ms) for d in made.close(until)]


def test_each_part_that_is_new_is_a_mark_of_its_own() -> None:
    made = deployments(("1", "c1", "d1", 0), ("1", "c2", "d1", 50), ("2", "c2", "", 70))
    assert marked(made, 1_000_000) == [
        ("version", "1", "1", 0),
        ("code_version", "c1", "1", 0),
        ("data_version", "d1", "1", 0),
        ("code_version", "c2", "1", 50),
        ("version", "2", "2", 70),
    ]
    assert marked(made, 2_000_000) == []


def test_what_publishers_do_not_tell_is_not_marked() -> None:
    assert marked(deployments(("1", "", "", 5)), PANE) == [("version", "1", "1", 5)]


def test_a_mark_waits_for_its_pane_and_takes_the_smallest_time_until_then() -> None:
    made = deployments(("1", "", "", PANE + 5))
    assert marked(made, 2 * PANE - 1) == []
    made.take("1", "", "", PANE + 2)
    made.take("1", "", "", PANE + 7)
    assert marked(made, 2 * PANE) == [("version", "1", "1", PANE + 2)]
    made.take("1", "", "", 3)  # later than the disorder allowed
    assert marked(made, 9 * PANE) == []


def test_of_two_versions_at_one_time_the_first_by_name_brought_the_code() -> None:
    made = deployments(("2", "c", "", 5), ("1", "c", "", 5))
    assert marked(made, PANE) == [
        ("version", "1", "1", 5),
        ("code_version", "c", "1", 5),
        ("version", "2", "2", 5),
    ]


def test_what_was_told_least_recently_is_forgotten_and_counted() -> None:
    made = deployments(("1", "c0", "", 0), limit=3)
    made.close(PANE)
    for number in range(1, 5):
        made.take("1", f"c{number}", "", number * HOUR)
        made.take("1", "c0", "", number * HOUR + 1)
    made.close(9 * HOUR)
    assert {value for _, value in made.marks} == {"1", "c0", "c3", "c4"}
    assert made.forgotten == 2


def test_what_was_forgotten_is_shown_among_the_limits() -> None:
    topics = MonitorTopics(*"paamr", counts={"p": 1})
    stage = MonitorStage(CONFIG, topics, 0, 1.0, lambda: 0.0)
    assert stage.folded() == []
    stage.core.models["a"].deployments.forgotten = 3
    assert stage.folded() == [(("a", "deployments_forgotten"), 3)]


def test_the_state_comes_back() -> None:
    made = deployments(("1", "c1", "", 0), ("1", "c2", "", 5 * PANE), limit=2)
    made.take("1", "c1", "", 7 * PANE)
    made.close(PANE)
    again = Deployments("a", 2, PANE)
    again.restore(made.to_state())
    assert not again.changed
    assert again.marks == made.marks
    for one in (made, again):
        one.take("1", "c3", "", 8 * PANE)
        assert marked(one, 9 * PANE) == [("code_version", "c3", "1", 8 * PANE)]
    assert again.to_state() == made.to_state()


def test_an_alert_names_what_had_come_by_the_end_of_its_window() -> None:
    made = deployments(("1", "c1", "", 0), ("1", "c2", "", 50), ("2", "c3", "", 10))
    assert made.running(["1"], 50) == [Combination("1", "c1", "")]


# -------------------------------------------------------------------- what a partition tells


def test_a_combination_is_told_at_first_when_earlier_and_in_each_hour() -> None:
    sightings = Sightings(limit=5)
    hour = START - START % HOUR
    for time, told in ((5, True), (6, False), (4, True), (HOUR, True), (HOUR + 1, False)):
        assert sightings.note("1", "c", "", hour + time)
        assert sightings.take() == ([("1", "c", "", hour + time)] if told else [])


@pytest.mark.parametrize("later", [0, HOUR])
def test_what_is_over_the_limit_within_an_hour_is_not_told(later: int) -> None:
    sightings = Sightings(limit=2)
    assert [sightings.note(v, "", "", START) for v in "123"] == [True, True, False]
    assert sightings.note("3", "", "", START + later) is bool(later)
