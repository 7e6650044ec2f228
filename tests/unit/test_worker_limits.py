"""What is over a limit is said once, clearly, and not for each event."""

import logging
from collections import Counter
from dataclasses import fields

import pytest

from tidegauge.core.config import Limits
from tidegauge.core.stats.classes import OTHER
from tidegauge.worker.limits import AGAIN_SECONDS, EFFECTS, PAUSE_SECONDS, LimitWarnings


class Watch:
    """Looks every five seconds of a made-up clock."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.now = 0.0
        self.exceeded: Counter[tuple[str, str]] = Counter()
        self.warnings = LimitWarnings(Limits(), lambda: self.exceeded, lambda: self.now)
        self._caplog = caplog

    def lines(self, seconds: float = 5.0) -> list[str]:
        self._caplog.clear()
        end = self.now + seconds
        while self.now < end:
            self.now += 5.0
            self.warnings.look()
        return [record.getMessage() for record in self._caplog.records]


@pytest.fixture
def watch(caplog: pytest.LogCaptureFixture) -> Watch:
    caplog.set_level(logging.WARNING)
    return Watch(caplog)


def test_one_line_names_model_limit_and_setting(watch: Watch) -> None:
    assert watch.lines() == []
    watch.exceeded["fraud", "versions"] = 5
    (line,) = watch.lines()
    assert "setting=limits.versions value=20 models=['fraud']" in line
    assert "times=5" in line
    for _ in range(100):
        watch.exceeded["fraud", "versions"] += 1_000
        assert watch.lines() == []


def test_a_limit_still_exceeded_is_named_again_after_a_while(watch: Watch) -> None:
    watch.exceeded["fraud", "versions"] = 5
    assert len(watch.lines()) == 1
    assert watch.lines(2 * AGAIN_SECONDS) == [], "nothing more was over it"
    watch.exceeded["fraud", "versions"] += 1
    assert len(watch.lines(2 * AGAIN_SECONDS)) == 1


def test_many_models_share_a_line(watch: Watch) -> None:
    for number in range(100):
        watch.exceeded[f"m{number}", "features"] = number + 1
    (line,) = watch.lines()
    assert "models=['m99', 'm98', 'm97'] more_models=97" in line
    for number in range(100, 200):
        watch.exceeded[f"m{number}", "features"] = 1
        assert len(watch.lines(5)) == 0
        watch.now -= 5
    assert len(watch.lines(PAUSE_SECONDS)) == 1


def test_two_kinds_of_one_limit_share_a_line(watch: Watch) -> None:
    watch.exceeded.update({("fraud", "deployments"): 9, ("fraud", "deployments_forgotten"): 8})
    (line,) = watch.lines(600)
    assert "setting=limits.deployments value=200 models=['fraud']" in line
    assert "times=17" in line


def test_what_is_in_other_is_told_as_too_many_models_alone(watch: Watch) -> None:
    watch.exceeded.update({(OTHER, "models"): 9, (OTHER, "versions"): 8})
    (line,) = watch.lines()
    assert "setting=limits.models value=200" in line


def test_every_limit_has_a_line_but_that_of_dead_letters_which_have_summaries() -> None:
    settings = {field.name for field in fields(Limits)}
    assert EFFECTS.keys() | {"dead_letters_per_minute"} == settings
