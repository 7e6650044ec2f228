"""What would make a version do better stands with its longest windows, and is the same anyhow."""

import random
from dataclasses import replace

import pytest
from world import CONFIG, START, Plan, Result, World, at, published

from tidegauge.core.config import SECOND, Costs, ModelKind
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.improvement import ImprovementStats

LONGEST = max(CONFIG.windows_ms)
KINDS = {"a": ModelKind.BINARY, "b": ModelKind.MULTICLASS, "c": ModelKind.REGRESSION}
RULES = replace(
    CONFIG,
    overrides={name: replace(CONFIG.default, kind=kind) for name, kind in KINDS.items()},
)


def world(costs: Costs | None = None) -> World:
    """Answers of all kinds; those from the north are wrong three times as often, or far off."""
    rng = random.Random(3)  # noqa: S311 - repeatable, no secret
    events: list[tuple[Prediction | Feedback, int]] = []
    for second in range(600):
        time, origin = START + second * SECOND, rng.choice("nss")
        score = rng.random()
        wrong = rng.random() < (0.45 if origin == "n" else 0.15)
        right = score >= 0.5
        answers = {
            "a": (right, right != wrong, score),
            "b": ("red", "blue" if wrong else "red", None),
            "c": (0.5, 0.5 + rng.gauss(0, 9 if origin == "n" else 1), None),
        }
        for name, (answer, label, said) in answers.items():
            request = f"{name}{second}"
            prediction = Prediction(
                request, name, "1", at(time), answer, score=said, segments={"origin": origin}
            )
            events += [(prediction, 0), (Feedback(request, at(time + SECOND), label, name), 0)]
    rules = RULES
    if costs is not None:
        override = replace(RULES.overrides["a"], costs=costs)
        rules = replace(RULES, overrides={**RULES.overrides, "a": override})
    return World(published(events), rules)


def improvements(result: Result) -> dict[tuple[str, int], ImprovementStats | None]:
    return {
        (w.model, w.start_ms): w.improvement
        for w in result.windows.values()
        if w.segment_field is None and w.end_ms - w.start_ms == LONGEST
    }


@pytest.fixture(scope="module")
def result() -> Result:
    return world().run(Plan(1, 1, max_batch=50))


def full(result: Result, model: str) -> ImprovementStats:
    """Of the window with most labels."""
    windows = [w for w in result.windows.values() if w.model == model and w.improvement]
    found = max(windows, key=lambda w: w.labelled).improvement
    assert found is not None
    return found


def test_only_whole_versions_in_the_longest_windows_have_it(result: Result):
    told = [w for w in result.windows.values() if w.improvement is not None]
    assert {w.model for w in told} == set(KINDS)
    assert {(w.segment_field, w.end_ms - w.start_ms) for w in told} == {(None, LONGEST)}


@pytest.mark.parametrize("model", KINDS)
def test_the_worse_segment_is_what_there_is_to_gain_from(result: Result, model: str):
    (north,) = full(result, model).segments
    assert (north.field, north.value) == ("origin", "n")
    assert 0 < north.gain.low < north.gain.value <= north.excess
    assert north.share is not None
    assert 0.1 < north.share < 0.7


def test_only_binary_models_have_a_threshold(result: Result):
    assert full(result, "a").threshold is not None
    assert full(result, "b").threshold is None
    assert full(result, "c").recalibration is None


def test_the_threshold_follows_from_what_is_set_as_costs(result: Result):
    even = full(result, "a").threshold
    dear = full(world(Costs(false_negative=20.0)).run(Plan(1, 1, max_batch=50)), "a").threshold
    assert even is not None
    assert dear is not None
    assert even.in_use == dear.in_use == 0.5
    assert dear.best is not None
    assert dear.best < 0.05
    assert dear.gain.low > 0 >= even.gain.low


@pytest.mark.parametrize("plan", [Plan(2, 3, max_batch=25, crash=0.1), Plan(3, 8, "behind")])
def test_it_is_the_same_for_any_partitions_batches_and_crashes(result: Result, plan: Plan):
    assert improvements(world().run(plan)) == improvements(result)
