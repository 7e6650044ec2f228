"""Figures that are held to a target, and shares of which only a fall counts."""

from collections.abc import Iterable

import numpy as np
import pytest

from tidegauge.core.config import HOUR, SECOND, DetectionConfig, ModelKind, Targets
from tidegauge.core.detect.stream import DetectorStream
from tidegauge.core.detect.verdict import PaneInput, StreamKind, Target, Verdict
from tidegauge.core.monitor.settled import settled_inputs
from tidegauge.core.monitor.streams import (
    SETTLED_TARGETS,
    StreamKey,
    Subject,
    target_of,
    target_subjects,
)
from tidegauge.core.stats.quality import LabelCounts
from tidegauge.core.sums import SlotSums, TrafficCounts

WIDTH = 10 * SECOND
CONFIG = DetectionConfig(learn_ms=HOUR, learn_samples=1_000)
TARGET = Target(0.1, 0.1)
"""An accuracy of 0.9."""
CALM, LONG = 400, 400
"""Panes."""


def play(
    rates: Iterable[float], kind: StreamKind = StreamKind.RATE, target: Target | None = TARGET
) -> list[Verdict]:
    """Panes of a hundred trials each."""
    rng = np.random.default_rng(1)
    stream = DetectorStream(kind, CONFIG, target)
    verdicts = []
    for at, rate in enumerate(rates):
        pane = PaneInput(at * WIDTH, (at + 1) * WIDTH, 100, int(rng.binomial(100, rate)))
        verdicts.append(stream.step(pane, lambda: 1e-3))
        # as after a restart
        stream = DetectorStream.from_state(kind, CONFIG, stream.to_state(), target)
    return verdicts


def changes(verdicts: list[Verdict]) -> list[tuple[str, int]]:
    opened = [("opened", at) for at, verdict in enumerate(verdicts) if verdict.opened]
    return opened + [("resolved", at) for at, verdict in enumerate(verdicts) if verdict.resolved]


def test_a_rate_above_its_target_opens_and_ends_by_itself() -> None:
    verdicts = play([0.05] * CALM + [0.16] * LONG + [0.08] * LONG)
    (_, opened), (_, resolved) = changes(verdicts)
    assert CALM < opened < CALM + 60
    assert CALM + LONG < resolved < CALM + LONG + 100
    assert verdicts[opened].baseline == pytest.approx(0.1)
    assert verdicts[opened].effect == pytest.approx(0.6, abs=0.25)


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.09, 0.1])
def test_what_meets_its_target_is_silent_however_it_changes(rate: float) -> None:
    assert not changes(play([0.05] * CALM + [rate] * 1_200))


def test_what_never_met_its_target_is_told_once_learned() -> None:
    ((_, opened),) = changes(play([0.14] * (CALM + LONG)))
    assert opened < CALM + 60


def test_another_target_holds_after_a_restart() -> None:
    stream = DetectorStream(StreamKind.RATE, CONFIG, TARGET)
    rng = np.random.default_rng(2)
    panes = [
        PaneInput(at * WIDTH, (at + 1) * WIDTH, 100, int(rng.binomial(100, 0.05)))
        for at in range(CALM + LONG)
    ]
    for pane in panes[:CALM]:
        stream.step(pane, lambda: 1e-3)
    stricter = Target(0.03, 0.1)
    stream = DetectorStream.from_state(StreamKind.RATE, CONFIG, stream.to_state(), stricter)
    assert any(stream.step(pane, lambda: 1e-3).opened for pane in panes[CALM:])


@pytest.mark.parametrize(("rate", "alerts"), [(0.99, 0), (0.6, 1)])
def test_only_a_fall_of_a_coverage_counts(rate: float, alerts: int) -> None:
    verdicts = play([0.9] * CALM + [rate] * LONG + [0.9] * LONG, StreamKind.COVERAGE, None)
    assert len(changes(verdicts)) == 2 * alerts


@pytest.mark.parametrize(("rate", "alerts"), [(0.02, 0), (0.6, 1)])
def test_only_a_rise_of_faults_counts(rate: float, alerts: int) -> None:
    verdicts = play([0.3] * CALM + [rate] * LONG + [0.3] * LONG, StreamKind.FAULTS, None)
    assert len(changes(verdicts)) == 2 * alerts


def test_a_loss_ends_although_more_comes_than_before() -> None:
    stream = DetectorStream(StreamKind.COUNT, CONFIG)
    rng = np.random.default_rng(3)
    verdicts = []
    for at, mean in enumerate([50] * CALM + [5] * LONG + [150] * LONG):
        pane = PaneInput(at * WIDTH, (at + 1) * WIDTH, 1, float(rng.poisson(mean)))
        verdicts.append(stream.step(pane, lambda: 1e-3))
    assert [name for name, _ in changes(verdicts)] == ["opened", "resolved"]


def test_a_settled_pane_tells_coverage_precision_and_recall() -> None:
    # without a score: predicted 0 or 1, then label 0 or 1
    labels = LabelCounts({0: 50, 1: 4, 2: 6, 3: 30})
    sums = SlotSums(TrafficCounts(100, 100, 36), labels)
    found = dict(settled_inputs(sums, 0, 10, ModelKind.BINARY, sorted(SETTLED_TARGETS)))
    assert found == {
        StreamKey(Subject.COVERAGE): PaneInput(0, 10, 100, 90),
        StreamKey(Subject.PRECISION_TARGET): PaneInput(0, 10, 36, 6),
        StreamKey(Subject.RECALL_TARGET): PaneInput(0, 10, 34, 4),
    }


def test_targets_are_watched_where_the_kind_of_the_model_has_them() -> None:
    targets = Targets(accuracy=0.9, recall=0.8, mean_absolute_error=12.0)
    assert target_of(Subject.ACCURACY_TARGET, targets) == Target(pytest.approx(0.1), 0.1)
    assert target_of(Subject.ABSOLUTE_ERROR_TARGET, targets) == Target(12.0, 0.1)
    assert target_of(Subject.PRECISION_TARGET, targets) is None
    assert target_subjects(ModelKind.BINARY, targets) == {
        Subject.ACCURACY_TARGET,
        Subject.RECALL_TARGET,
    }
    assert target_subjects(ModelKind.MULTICLASS, targets) == {Subject.ACCURACY_TARGET}
    assert target_subjects(ModelKind.REGRESSION, targets) == {Subject.ABSOLUTE_ERROR_TARGET}
