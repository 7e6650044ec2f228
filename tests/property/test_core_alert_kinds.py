"""Faults of every other kind open an alert that names them, which ends by itself."""

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
from world import CONFIG, START, Plan, Published, Result, World, at, ms, published, with_rules

from tidegauge.core.alertrecords import AlertRecord, AlertStatus
from tidegauge.core.config import SECOND, DetectionConfig, ReferenceConfig, Targets
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.stats.learn import build_reference

BROKEN_FROM, FIXED_FROM, LENGTH = 900 * SECOND, 1_300 * SECOND, 1_800 * SECOND
RULES = with_rules(
    CONFIG,
    label_horizon_ms=50 * SECOND,
    correction_horizon_ms=50 * SECOND,
    detection=DetectionConfig(
        learn_ms=300 * SECOND, learn_samples=200, min_samples=60, resolve_panes=3
    ),
    targets=Targets(accuracy=0.8, recall=0.7),
)
SILENT = {"TrafficLoss", "LabelLoss", "PredictionsStale", "LabelsStale"}
"""The world ends with a silence."""
SWAPPED = {"A": "B", "B": "A", "C": "C"}


def events(seed: int) -> list[Published]:
    """Requests, of which for a while everything is broken but their number."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, no secret
    made: list[tuple[Prediction | Feedback, int]] = []
    for number in range(LENGTH // SECOND):
        time = number * SECOND + rng.randint(0, 999)
        broken = BROKEN_FROM <= time < FIXED_FROM
        answer = rng.random() < 0.5
        wrong = rng.random() < (0.6 if broken else 0.1)
        distance, amount = rng.gauss(5.0, 2.0), rng.gauss(0.0, 1.0)
        score = 0.8 / (1.0 + math.exp(distance - 5.0))
        carrier = rng.choices("ABC", (7, 2, 1))[0]
        prediction = Prediction(
            f"r{number}",
            "a",
            "1",
            at(START + time),
            answer,
            score=1.0 - score if broken else score,
            features={
                "distance": 1_000.0 * distance if broken else distance,
                "amount": str(amount) if broken else amount,
                "carrier": SWAPPED[carrier] if broken else carrier,
            },
        )
        made.append((prediction, rng.randint(0, 3_000)))
        if rng.random() < (0.6 if broken else 0.98):
            late = rng.randint(1, 30_000)
            made.append((Feedback(f"r{number}", at(START + time + late), answer != wrong), 0))
    return published(made)


@pytest.fixture(scope="module")
def world() -> World:
    log = events(3)
    rows = [p.event.features for p in log if isinstance(p.event, Prediction)][:600]
    profile = build_reference(
        rows,
        np.full(len(rows), np.nan),
        np.array([], np.int64),
        answers=[],
        names=["amount", "carrier", "distance"],
        config=ReferenceConfig(),
        model="a",
        version="1",
        effective_from=0,
        learned_from=0,
        learned_until=1,
    )
    return World(log, RULES, [profile])


@pytest.fixture(scope="module")
def result(world: World) -> Result:
    return world.run(Plan(0, 1, max_batch=200))


def subjects(alerts: list[AlertRecord]) -> dict[tuple[str, str], list[AlertStatus]]:
    """The life of each alert by its subject and feature, with the category if it is about one."""
    found: dict[tuple[str, str], list[AlertStatus]] = {}
    for alert in alerts:
        if alert.labels["alertname"] not in SILENT and not (
            alert.revision and alert.status is AlertStatus.FIRING
        ):
            about = alert.labels.get("feature", ""), alert.labels.get("category", "")
            key = alert.labels["subject"], "=".join(filter(None, about))
            found.setdefault(key, []).append(alert.status)
    return found


def test_each_fault_opens_alerts_that_end_and_nothing_else_does(result: Result) -> None:
    found = subjects(result.alerts)
    for key in (
        ("feature", "distance"),
        ("out_of_range", "distance"),
        ("wrong_type", "amount"),
        ("categories", "carrier"),
        ("category_share", "carrier=A"),
        ("category_share", "carrier=B"),
        ("error_rate", ""),
        ("unexplained", ""),
        ("accuracy_target", ""),
        ("recall_target", ""),
        ("coverage", ""),
    ):
        assert found[key] == [AlertStatus.FIRING, AlertStatus.RESOLVED], key
    assert all(alert.time_ms > START + BROKEN_FROM for alert in result.alerts)


def test_summaries_name_the_kind_of_change(result: Result) -> None:
    said = {(a.labels["subject"], a.revision): a.annotations["summary"] for a in result.alerts}
    assert "looks multiplied by 1000" in said["feature", 0]
    assert "categories A and B of feature carrier look swapped" in said["categories", 0]
    assert "accuracy: 0.8 wanted" in said["accuracy_target", 0]
    assert "recall: 0.7 wanted" in said["recall_target", 0]


def shown(result: Result, subject: str) -> AlertRecord:
    """The alert about a subject as it opened."""
    return next(a for a in result.alerts if a.labels["subject"] == subject and not a.revision)


@pytest.mark.parametrize(
    ("subject", "shows"),
    [
        ("feature", lambda p: float(p.features["distance"]) > 100.0),
        ("out_of_range", lambda p: float(p.features["distance"]) > 100.0),
        ("wrong_type", lambda p: isinstance(p.features["amount"], str)),
        ("categories", lambda p: p.features["carrier"] == "B"),
    ],
)
def test_alerts_about_features_name_requests_that_show_it(
    world: World, result: Result, subject: str, shows: Callable[[Prediction], bool]
) -> None:
    answers = {p.event.request_id: p.event for p in world.log if isinstance(p.event, Prediction)}
    alert = shown(result, subject)
    assert len(alert.examples) == 5
    for request in alert.examples:
        assert shows(answers[request])
        assert alert.window_start_ms <= ms(answers[request].timestamp) < alert.window_end_ms


def test_alerts_about_settled_quality_name_wrong_answers(world: World, result: Result) -> None:
    answers = {p.event.request_id: p.event for p in world.log if isinstance(p.event, Prediction)}
    labels = {p.event.request_id: p.event for p in world.log if isinstance(p.event, Feedback)}
    alert = shown(result, "recall_target")
    assert len(alert.examples) == 5
    for request in alert.examples:
        assert answers[request].prediction != labels[request].label
        assert alert.window_start_ms <= ms(answers[request].timestamp) < alert.window_end_ms


def test_a_silence_names_the_last_predictions_before_it(world: World, result: Result) -> None:
    answers = [p.event for p in world.log if isinstance(p.event, Prediction)]
    times = {event.request_id: ms(event.timestamp) for event in answers}
    newest = max(times.values())
    pane = newest - newest % CONFIG.panes[0].width_ms
    for subject in ("traffic", "prediction_age"):
        alert = shown(result, subject)
        assert len(alert.examples) == 5
        assert all(times[request] >= pane for request in alert.examples)


@pytest.mark.parametrize("subject", ["coverage", "labels", "label_age"])
def test_labels_that_do_not_come_have_no_examples(result: Result, subject: str) -> None:
    assert shown(result, subject).examples == ()


def test_they_are_the_same_for_any_reading(world: World, result: Result) -> None:
    other = world.run(Plan(1, 3, "behind", max_batch=100, crash=0.1))

    def told(alerts: list[AlertRecord]) -> dict[str, object]:
        return {a.id: (a.incident, a.causes, a.examples) for a in alerts}

    assert told(other.alerts) == told(result.alerts)
    assert other.streams == result.streams
