"""What kind a model is of: told by its answers, held from then on, corrected by configuration."""

import random
from dataclasses import replace

import pytest
from world import CONFIG, START, Plan, World, at, published, with_rules

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, CauseKind
from tidegauge.core.config import SECOND, DetectionConfig, ModelKind
from tidegauge.core.events import Feedback, Outcome, Prediction
from tidegauge.core.monitor.inputs import Watched, error_input, prediction_inputs
from tidegauge.core.monitor.kinds import MAX_HISTORY, Kinds
from tidegauge.core.monitor.monitor import Monitor
from tidegauge.core.monitor.streams import StreamKey, Subject
from tidegauge.core.records import MetricRecord
from tidegauge.core.stats.answers import AnswerCounts
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.sums import SlotSums, TrafficCounts

BINARY, MULTICLASS, REGRESSION = ModelKind.BINARY, ModelKind.MULTICLASS, ModelKind.REGRESSION


def pane(binary: int = 0, classes: int = 0, fractions: int = 0) -> SlotSums:
    """A pane with so many answers that are binary classes, other classes, and no classes."""
    total = binary + classes + fractions
    return SlotSums(
        TrafficCounts(predictions=total, classes=binary), answers=AnswerCounts({}, fractions)
    )


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        (pane(binary=5), BINARY),
        (pane(binary=99, classes=1), BINARY),
        (pane(binary=98, classes=2), MULTICLASS),
        (pane(classes=1), MULTICLASS),
        (pane(binary=91, fractions=9), BINARY),
        (pane(binary=90, fractions=10), REGRESSION),
        (pane(classes=9, fractions=1), REGRESSION),
        (SlotSums(), BINARY),
    ],
)
def test_a_few_odd_answers_decide_nothing(answers: SlotSums, kind: ModelKind) -> None:
    kinds = Kinds(None)
    assert kinds.at(10, answers) is kind
    assert kinds.close(10, answers) is kind
    assert kinds.at(10) is kind


def test_a_window_has_the_kind_that_held_at_its_end() -> None:
    kinds = Kinds(None)
    kinds.close(10, pane(binary=10))
    kinds.close(20, pane(classes=10))
    kinds.close(30, pane(classes=10))
    kinds.close(40, pane(fractions=10))
    ends = (5, 10, 19, 20, 39, 40, 1_000)
    expected = [BINARY, BINARY, BINARY, MULTICLASS, MULTICLASS, REGRESSION, REGRESSION]
    assert [kinds.at(end) for end in ends] == expected
    again = Kinds(None)
    again.restore(kinds.to_state())
    assert [again.at(end) for end in ends] == expected
    assert again.close(50, pane(binary=1)) is kinds.close(50, pane(binary=1))


def test_empty_panes_tell_nothing() -> None:
    kinds = Kinds(None)
    kinds.close(10, SlotSums())
    assert kinds.at(20, pane(classes=1)) is MULTICLASS


def test_what_is_configured_holds_whatever_is_answered() -> None:
    kinds = Kinds(REGRESSION)
    assert kinds.close(10, pane(classes=5)) is REGRESSION
    assert kinds.at(5) is REGRESSION


def test_a_model_that_keeps_changing_is_remembered_within_a_bound() -> None:
    kinds = Kinds(None)
    size = 1
    for end in range(0, 100, 2):
        kinds.close(end, pane(fractions=size))
        kinds.close(end + 1, pane(classes=20 * size))
        size *= 21
    assert len(kinds.to_state()[1]) == MAX_HISTORY


# -------------------------------------------------------------------- what is watched


def test_the_classes_of_a_multiclass_model_are_watched_up_to_the_limit() -> None:
    answers = AnswerCounts({"x": 6, "y": 3, "z": 1})
    sums = SlotSums(TrafficCounts(predictions=10), answers=answers)
    found = dict(prediction_inputs(sums, 0, 10, MULTICLASS, Watched((), ["gone", "y"], 3)))
    shares = {key.feature: (i.count, i.total) for key, i in found.items()}
    assert shares == {"gone": (10, 0), "y": (10, 3), "x": (10, 6)}
    assert {key.subject for key in found} == {Subject.CLASS}


def test_the_mean_answer_of_a_regression_model_is_watched() -> None:
    one = 1 << 1074
    answers = AnswerCounts({"1": 1}, 2, 2, 5 * one, 17 * one)  # 1, 1 and 4
    sums = SlotSums(TrafficCounts(predictions=3), answers=answers)
    ((key, inputs),) = prediction_inputs(sums, 0, 10, REGRESSION, Watched())
    assert key == StreamKey(Subject.PREDICTION)
    assert (inputs.count, inputs.total) == (3, 2.0)
    assert inputs.deviation == pytest.approx(3**0.5)


def test_errors_are_a_rate_of_classes_or_a_mean_of_numbers() -> None:
    one = 1 << 1074
    first = FirstLabels(8, 2, 4, 6 * one, 10 * one)
    key, inputs = error_input(first, 0, 10, MULTICLASS)
    assert (key.subject, inputs.count, inputs.total) == (Subject.ERROR_RATE, 8, 2)
    key, inputs = error_input(first, 0, 10, REGRESSION)
    assert (key.subject, inputs.count, inputs.total) == (Subject.ABSOLUTE_ERROR, 4, 1.5)
    assert inputs.deviation == pytest.approx((1 / 3) ** 0.5)


def test_the_largest_error_of_all_can_be_watched() -> None:
    far = 2 * 10**100 << 1074
    _, inputs = error_input(FirstLabels(0, 0, 1, far, 0), 0, 10, REGRESSION)
    assert inputs.total == 1e100


# -------------------------------------------------------------------- the whole core

WATCHING = with_rules(
    CONFIG,
    detection=DetectionConfig(
        learn_ms=1_800 * SECOND,
        learn_samples=500,
        min_samples=100,
        min_loss=1.0,
        min_silence_ms=10**9,
    ),
)


def made(answers: list[Outcome], change: int, length: int = 4_000) -> World:
    """A model that is right four times of five, and hardly ever from second ``change`` on."""
    rng = random.Random(3)  # noqa: S311 - repeatable, no secret
    events: list[tuple[Prediction | Feedback, int]] = []
    for second in range(length):
        time, request = START + second * SECOND, f"r{second}"
        answer = rng.choice(answers)
        right = rng.random() < (0.8 if second < change else 0.1)
        label = answer if right else rng.choice([a for a in answers if a != answer])
        segments = {"side": rng.choice("ns")}
        events += [
            (Prediction(request, "a", "1", at(time), answer, segments=segments), 0),
            (Feedback(request, at(time + 5 * SECOND), label), 0),
        ]
    return World(published(events), WATCHING)


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        (["early", "on time", "late"], "ErrorRateChanged"),
        ([0, 1, 2], "ErrorRateChanged"),
        ([0.5, 10.25, 3], "AbsoluteErrorChanged"),
    ],
)
def test_errors_of_every_kind_raise_one_alert(answers: list[Outcome], name: str) -> None:
    world = made(answers, 2_500)
    calm = made(answers, 4_000).run(Plan(1, 3, max_batch=50))
    assert calm.alerts == []
    one, other = (world.run(plan) for plan in (Plan(1, 1, max_batch=50), Plan(2, 3, max_batch=50)))
    alert = one.alerts[0]
    assert other.alerts == one.alerts
    # told again when it has become worse
    assert [a.revision for a in one.alerts] == list(range(len(one.alerts)))
    assert {(a.status, a.labels["alertname"]) for a in one.alerts} == {(AlertStatus.FIRING, name)}
    assert START + 2_300 * SECOND < alert.starts_at_ms < START + 3_000 * SECOND
    # the errors rise on both sides alike
    assert alert.causes[0].kind is CauseKind.MODEL
    (split,) = alert.splits
    assert split.name == "side"
    assert split.mix + split.concept + split.remainder == pytest.approx(1.0)
    assert split.concept == pytest.approx(1.0, abs=0.3)
    assert alert.examples


def test_a_class_that_is_answered_more_often_raises_an_alert() -> None:
    rng = random.Random(4)  # noqa: S311
    events: list[tuple[Prediction | Feedback, int]] = []
    for second in range(4_000):
        weights = (6, 3, 1) if second < 2_500 else (2, 3, 5)
        answer = rng.choices(["x", "y", "z"], weights)[0]
        event = Prediction(f"r{second}", "a", "1", at(START + second * SECOND), answer)
        events.append((event, 0))
    result = World(published(events), WATCHING).run(Plan(1, 3, max_batch=50))
    assert {a.labels["class"] for a in result.alerts} == {"x", "z"}
    assert {a.labels["alertname"] for a in result.alerts} == {"ClassShareDrift"}


def reread(world: World, kind: ModelKind) -> tuple[Monitor, list[MetricRecord], list[AlertRecord]]:
    """What a world's monitor says when it is started again with the kind configured."""
    from world import _Run  # noqa: PLC0415 - the run's own log

    run = _Run(world, Plan(1, 1, max_batch=50))
    while any(log.unread for source in run.sources for log in source.logs.values()):
        run.step()
        if run.sources[0].logs["predictions"].position >= 3_000:
            break
    run.sources[0].commit()
    run.take(len(run.bus) - run.taken)
    run.commit()
    rules = replace(WATCHING.default, kind=kind)
    config = replace(WATCHING, overrides={"a": rules})
    run.world.config = config
    monitor = run.fresh()
    run.monitor = monitor
    present = list(monitor.models["a"].present())
    before = len(run.alerts)
    run.result()
    return monitor, present, run.alerts[before:]


def test_a_wrong_guess_is_corrected_without_losing_counts() -> None:
    world = made([0, 1, 2], 2_500)
    guessed = world.run(Plan(1, 1, max_batch=50))
    assert {w.kind for key, w in guessed.windows.items()} == {MULTICLASS}
    _, present, alerts = reread(world, REGRESSION)
    window = next(w for w in present if w.end_ms - w.start_ms == 600 * SECOND)
    assert window.kind is REGRESSION
    assert window.labelled == pytest.approx(window.predictions, abs=20)
    assert window.labelled > 500
    assert window.regression.mean_absolute_error == pytest.approx(1.2, abs=0.2)
    assert [(a.status, a.labels["alertname"]) for a in alerts] == [
        (AlertStatus.RETRACTED, "ErrorRateChanged")
    ]
