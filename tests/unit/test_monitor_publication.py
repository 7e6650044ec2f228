"""When the monitor stage publishes a model: at intervals, and as soon as a pane closes."""

from collections.abc import Collection

import pytest

from tidegauge.core.config import SECOND, CoreConfig, PaneLevel
from tidegauge.core.monitor.monitor import Published
from tidegauge.worker.monitor_stage import MonitorStage, MonitorTopics

INTERVAL, PANE = 5.0, 10.0
CONFIG = CoreConfig(panes=(PaneLevel(int(PANE) * SECOND, 3_600 * SECOND),))
START = 1_000.0


class OneModel:
    """A stage of one model, what happens to it by the second, and when it is published."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START
        self.at: list[float] = []
        topics = MonitorTopics(*"paamr", counts={"p": 1})
        self._stage = MonitorStage(CONFIG, topics, 0, INTERVAL, lambda: self.now)
        monkeypatch.setattr(self._stage.core, "publish", self._publish)

    def _publish(self, models: Collection[str]) -> Published:
        self.at += [self.now - START] * len(models)
        self._stage.core.stirred.difference_update(models)
        self._stage.core.closed.difference_update(models)
        return Published([], [], [], [], [])

    def second(self, *, closed: bool) -> None:
        self.now += 1.0
        self._stage.core.stirred.add("m")
        if closed:
            self._stage.core.closed.add("m")
        self._stage.snapshot()


@pytest.mark.parametrize("first", range(1, 11))
def test_live_it_is_with_each_pane_that_closes_and_at_intervals(
    monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    it = OneModel(monkeypatch)
    closings = range(first + 10, 101, int(PANE))
    for second in range(1, 101):
        it.second(closed=second in closings)
    assert set(closings) <= set(it.at)
    assert len(it.at) <= 2 * len(closings) + 2 + 100 / INTERVAL / 2
    gaps = [b - a for a, b in zip(it.at, it.at[1:], strict=False)]
    assert max(gaps) == INTERVAL


def test_in_a_replay_whose_panes_close_all_the_time_it_is_every_half_pane(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = OneModel(monkeypatch)
    for _ in range(60):
        it.second(closed=True)
    assert it.at == [float(second) for second in range(5, 61, 5)]
