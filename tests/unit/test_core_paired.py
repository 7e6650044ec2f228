"""Two versions on the requests that both answered, from events to the figures of a window."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats
from world import CONFIG, Event, Plan, Result, World, at, published

from tidegauge.core.config import SECOND, CoreConfig, Limits, ModelKind
from tidegauge.core.events import Feedback, Outcome, Prediction
from tidegauge.core.records import MetricRecord, PairedStats
from tidegauge.core.stats.classes import OTHER
from tidegauge.demo.flights import load_flights
from tidegauge.demo.replay import replay
from tidegauge.demo.tasks import ModelName

DAY = 86_400 * SECOND
T = 1_000_200 * SECOND
"""The start of a window of every size."""


def read(events: Iterable[Event], config: CoreConfig = CONFIG, **plan: object) -> Result:
    return World(published((event, 0) for event in events), config).run(Plan(**plan))


def request(
    number: int, answers: dict[str, Outcome], label: Outcome, model: str = "m", time: int = T
) -> Iterator[Event]:
    for version, answer in answers.items():
        yield Prediction(f"r{number}", model, version, at(time), answer)
    yield Feedback(f"r{number}", at(time + SECOND), label)


def windows(result: Result, size: int = 60 * SECOND) -> dict[tuple[str, str, int], MetricRecord]:
    return {(k[0], k[1], k[5]): w for k, w in result.windows.items() if k[4] == size and not k[2]}


def test_champion_and_challenger_are_compared_on_shared_requests_alone() -> None:
    events: list[Event] = []
    outcomes = [(1, 1, 1), (1, 0, 1), (1, 0, 1), (1, 1, 0), (0, 0, 0), (0, 1, 1), (1, 0, 1)]
    for number, (champion, challenger, label) in enumerate(outcomes):
        events += request(number, {"1": champion, "2": challenger}, label)
    events += request(90, {"1": 0}, 1)
    events += [Prediction("r91", "m", v, at(T), 1) for v in "12"]
    found = windows(read(events))
    paired = found["m", "1", T].paired
    assert paired.keys() == {"2"}
    assert paired["2"] == PairedStats(
        pairs=7,
        agreement=3 / 7,
        both_right=2,
        only_this_right=3,
        only_other_right=1,
        both_wrong=1,
        accuracy=5 / 7,
        other_accuracy=3 / 7,
        accuracy_difference=2 / 7,
        accuracy_difference_low=pytest.approx(-0.2911, abs=1e-4),
        accuracy_difference_high=pytest.approx(0.7355, abs=1e-4),
        p_value=pytest.approx(0.375),
    )
    assert found["m", "1", T].quality.accuracy == 5 / 8
    mirror = found["m", "2", T].paired["1"]
    assert mirror.accuracy_difference == -2 / 7
    assert (mirror.only_this_right, mirror.only_other_right) == (1, 3)


def test_three_versions_make_three_pairs_of_each_request() -> None:
    answers: dict[str, Outcome] = {"1": "x", "2": "x", "3": "y"}
    found = windows(read(request(1, answers, "x", "baskets")))
    pairs = {(v, other) for _, v, _ in found for other in found["baskets", v, T].paired}
    assert pairs == {(a, b) for a in "123" for b in "123" if a != b}
    assert found["baskets", "3", T].paired["1"].accuracy_difference == -1.0
    assert found["baskets", "1", T].paired["2"].p_value is None, "no pair tells them apart"


def test_a_pair_belongs_to_the_window_of_the_later_answer() -> None:
    late = T + 60 * SECOND
    events = [
        Prediction("r", "m", "1", at(T), 1),
        Prediction("r", "m", "2", at(late), 0),
        Prediction("other", "m", "2", at(T), 0),
        Feedback("r", at(late), 1),
    ]
    result = read(events)
    minutes = windows(result)
    assert minutes.keys() == {("m", "1", T), ("m", "2", T), ("m", "2", late)}
    assert [w.paired.keys() for w in minutes.values()].count({"1"}) == 1
    assert minutes["m", "2", late].paired["1"].pairs == 1
    longer = windows(result, 300 * SECOND)
    assert [longer["m", v, T].paired[o].pairs for v, o in ("12", "21")] == [1, 1]


def test_a_correction_that_comes_late_changes_only_longer_windows() -> None:
    events = [*request(1, {"1": 1, "2": 0}, 1)]
    events.append(Feedback("r1", at(T + 700 * SECOND), 0, revision=1))
    result = read(events)
    short = windows(result)["m", "1", T].paired["2"]
    long = windows(result, 600 * SECOND)["m", "1", T].paired["2"]
    assert (short.only_this_right, short.only_other_right) == (1, 0)
    assert (long.only_this_right, long.only_other_right) == (0, 1)


def test_versions_and_models_that_are_folded_are_not_paired() -> None:
    events = [
        *request(1, {"1": 1, "2": 0, "3": 1, "4": 1}, 1),
        *request(2, {"1": 1, "2": 0}, 1, "n"),
    ]
    config = replace(CONFIG, limits=Limits(models=1, versions=2))
    found = windows(read(events, config))
    assert {v for model, v, _ in found if model == "m"} == {"1", "2", OTHER}
    assert found["m", "1", T].paired.keys() == {"2"}
    assert found["m", OTHER, T].paired == {}
    folded = [w for (model, *_), w in found.items() if model == OTHER]
    assert folded
    assert all(window.paired == {} for window in folded)


def test_numbers_are_paired_as_numbers_and_as_classes_by_the_kind() -> None:
    events = [e for n in range(4) for e in request(n, {"1": n, "2": n + 2}, n + 1)]
    for kind in ModelKind:
        config = replace(CONFIG, default=replace(CONFIG.default, kind=kind))
        window = windows(read(events, config))["m", "1", T]
        if kind is ModelKind.REGRESSION:
            stats_ = window.paired["2"]
            assert (stats_.error_difference, stats_.error_difference_low) == (0.0, 0.0)
            assert (stats_.nearer, stats_.accuracy) == (0.0, None)
        elif kind is ModelKind.MULTICLASS:
            assert window.paired["2"].both_wrong == 4
        else:
            assert window.paired == {}, "no label here is one of two classes on both sides"


def test_the_shadow_of_the_flights_is_compared_as_scipy_does() -> None:
    first = date(2013, 1, 1)
    events = [
        replayed.event
        for replayed in replay(
            list(load_flights(first, first + timedelta(days=1))), [ModelName.ARRIVAL_DELAY]
        )
    ]
    config = replace(CoreConfig(), windows_ms=(DAY,))
    result = read(events, config, partitions=3, max_batch=200, commit=0.05, crash=0.02)
    found = [w for key, w in windows(result, DAY).items() if key[1] == "1"]
    labels = {e.request_id: float(e.label) for e in events if isinstance(e, Feedback)}
    by_version: dict[str, dict[str, Prediction]] = {"1": {}, "1-lite": {}}
    for event in events:
        if isinstance(event, Prediction) and event.request_id in labels:
            by_version[event.version][event.request_id] = event
    for window in found:
        held = [
            (float(p.prediction), float(by_version["1-lite"][r].prediction), labels[r])
            for r, p in by_version["1"].items()
            if window.start_ms <= p.timestamp.timestamp() * 1000 < window.end_ms
        ]
        champion, shadow, truth = np.array(held).T
        one, other = np.abs(champion - truth), np.abs(shadow - truth)
        paired = window.paired["1-lite"]
        assert paired.pairs == len(held)
        assert paired.mean_absolute_error == pytest.approx(one.mean())
        assert paired.other_mean_absolute_error == pytest.approx(other.mean())
        assert paired.error_difference == pytest.approx((one - other).mean())
        interval = stats.norm.interval(0.95, (one - other).mean(), stats.sem(one - other))
        assert (paired.error_difference_low, paired.error_difference_high) == (
            pytest.approx(interval[0]),
            pytest.approx(interval[1]),
        )
        assert paired.nearer == (one < other).mean()
        assert paired.agreement == (champion == shadow).mean()
    assert sum(window.paired["1-lite"].pairs for window in found) > 500
