"""A change of the world opens the same alerts, however it is read."""

import random
from dataclasses import replace

import numpy as np
import pytest
from world import CONFIG, START, Plan, Published, Result, World, at, ms, published, with_rules

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Role
from tidegauge.core.config import SECOND, DetectionConfig, ReferenceConfig
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.stats.learn import build_reference

DETECTION = DetectionConfig(
    learn_ms=300 * SECOND, learn_samples=200, min_samples=60, resolve_panes=3
)
RULES = with_rules(
    CONFIG,
    detection=DETECTION,
    reference=ReferenceConfig(learn_ms=300 * SECOND, min_predictions=200, sample_size=50),
)
BROKEN_FROM = 700 * SECOND
FIXED_FROM = 1_000 * SECOND
SILENT = ("TrafficLoss", "LabelLoss", "PredictionsStale", "LabelsStale")
LENGTH = 1_500 * SECOND


def events(seed: int) -> list[Published]:
    """Requests of two segments; for a while one of them is wrong and its feature is off."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, no secret
    made: list[tuple[Prediction | Feedback, int]] = []
    for number in range(LENGTH // SECOND):
        time = number * SECOND + rng.randint(0, 999)
        north = rng.random() < 0.5
        broken = BROKEN_FROM <= time < FIXED_FROM and north
        answer = rng.random() < 0.5
        wrong = rng.random() < (0.9 if broken else 0.1)
        request, origin = f"r{seed}-{number}", "n" if north else "s"
        prediction = Prediction(
            request,
            "a",
            "1",
            at(START + time),
            answer,
            score=rng.random(),
            features={"x": rng.gauss(8.0 if broken else 0.0, 1.0)},
            segments={"origin": origin},
            attributions={"x": -0.5 + 3.5 * broken, "hour": 0.5},
        )
        label = Feedback(request, at(START + time + rng.randint(1, 30_000)), answer != wrong)
        made += [(prediction, rng.randint(0, 3_000)), (label, rng.randint(0, 3_000))]
    return published(made)


def without_reference(alerts: list[AlertRecord]) -> list[tuple[str, str, str]]:
    return sorted((a.id, a.status, a.labels["alertname"]) for a in alerts)


@pytest.fixture(scope="module")
def world() -> World:
    return World(events(1), RULES)


@pytest.fixture(scope="module")
def result(world: World) -> Result:
    return world.run(Plan(0, 1, max_batch=200))


@pytest.mark.parametrize(
    "plan",
    [
        Plan(1, 3, "behind", max_batch=100, crash=0.1),
        Plan(2, 8, "predictions first", max_batch=100),
        Plan(3, 1, "feedback first", max_batch=100, crash=0.1),
    ],
    ids=lambda plan: f"{plan.partitions} {plan.reading}",
)
def test_same_alerts_for_any_reading(world: World, result: Result, plan: Plan) -> None:
    other = world.run(plan)
    assert without_reference(other.alerts) == without_reference(result.alerts)
    assert other.streams == result.streams


def test_the_change_opens_and_resolves_one_alert_each(result: Result) -> None:
    found: dict[str, list[AlertStatus]] = {}
    for alert in result.alerts:
        found.setdefault(alert.labels["alertname"], []).append(alert.status)
    lifecycle = [AlertStatus.FIRING, AlertStatus.RESOLVED]
    # the world ends with a long silence, which becomes critical; the loss of labels is sure first
    silence = {name: [AlertStatus.FIRING] * (1 + (name != "TrafficLoss")) for name in SILENT}
    assert found == {"ErrorRateChanged": lifecycle, "FeatureDrift": lifecycle} | silence


def test_alerts_say_what_moved_the_answers() -> None:
    rng = random.Random(2)  # noqa: S311 - repeatable, no secret
    profile = build_reference(
        [{"x": rng.gauss(0.0, 1.0), "hour": number % 24} for number in range(100)],
        np.full(100, 0.5),
        np.ones(100, np.int64),
        names=["x", "hour"],
        config=RULES.default.reference,
        model="a",
        version="1",
        effective_from=START,
        learned_from=None,
        learned_until=None,
    )
    world = World(events(1), RULES, [profile])
    alerts = world.run(Plan(0, 1, max_batch=200)).alerts
    fired = {a.labels["alertname"]: a.attributions for a in alerts if a.revision == 0}
    drift, errors = fired["FeatureDrift"], fired["ErrorRateChanged"]
    assert drift is not None
    assert errors is not None
    by_name = {change.name: change for change in drift.features}
    assert (by_name["x"].before, by_name["hour"].before) == (0.5, 0.5)
    assert by_name["x"].after > 0.6
    assert drift.drift == pytest.approx(by_name["x"].after - 0.5)
    x = next(change for change in errors.features if change.name == "x")
    assert x.before is not None
    assert 0.5 <= x.before < x.after
    assert x.wrong is not None
    assert x.right is not None
    assert x.wrong > x.after > x.right
    assert all(fired[name] is None for name in SILENT)


def test_an_alert_that_still_fires_is_sent_again_as_it_was(result: Result) -> None:
    often = World(events(1), replace(RULES, alert_resend_ms=60 * SECOND))
    sent = [a.id for a in often.run(Plan(4, 1, max_batch=100, crash=0.1)).alerts]
    assert set(sent) == {a.id for a in result.alerts}
    changes = (a for a in result.alerts if a.labels["alertname"] not in SILENT)
    firing = {a.id for a in changes if a.status is AlertStatus.FIRING}
    assert {alert for alert in sent if sent.count(alert) > 1} == firing


def test_the_error_alert_names_the_segment(result: Result) -> None:
    fired, resolved = (a for a in result.alerts if a.labels["alertname"] == "ErrorRateChanged")
    assert BROKEN_FROM - 60 * SECOND <= fired.starts_at_ms - START < FIXED_FROM
    assert (fired.causes[0].name, fired.causes[0].value) == ("origin", "n")
    assert fired.causes[0].contribution == pytest.approx(1.0, abs=0.3)
    assert resolved.fingerprint == fired.fingerprint
    assert resolved.id != fired.id
    assert (resolved.revision, fired.revision) == (1, 0)
    assert resolved.starts_at_ms == fired.starts_at_ms
    assert resolved.ends_at_ms is not None
    assert resolved.ends_at_ms > fired.window_end_ms
    assert fired.versions.model == ("1",)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_same_alerts_for_any_reading_at_length(seed: int) -> None:
    world = World(events(seed), replace(RULES))
    plans = [Plan(seed, p, r, max_batch=50, crash=0.1) for p, r in ((1, "random"), (3, "behind"))]
    results = [world.run(plan) for plan in plans]
    assert without_reference(results[0].alerts) == without_reference(results[1].alerts)


def test_a_loss_of_labels_comes_under_the_loss_of_predictions_that_is_sure_later(
    result: Result,
) -> None:
    lost = sorted(
        ((a.labels["alertname"], a.revision, a.incident) for a in result.alerts),
        key=lambda told: told[:2],
    )
    labels, again, traffic = (i for name, _, i in lost if name in SILENT[:2] and i is not None)
    assert labels.id != traffic.id
    assert [i.role for i in (labels, traffic, again)] == [Role.ROOT, Role.ROOT, Role.SYMPTOM]
    assert (again.id, again.root) == (traffic.id, traffic.root)


def test_errors_join_the_incident_of_the_feature_that_broke(result: Result) -> None:
    drift, errors = (
        next(a for a in result.alerts if a.labels["alertname"] == name)
        for name in ("FeatureDrift", "ErrorRateChanged")
    )
    assert drift.incident is not None
    assert errors.incident is not None
    assert drift.incident.id == errors.incident.id
    assert (drift.incident.role, errors.incident.role) == (Role.ROOT, Role.SYMPTOM)
    assert {drift.incident.root, errors.incident.root} == {drift.fingerprint}


def test_an_error_alert_gives_request_ids_of_wrong_answers(world: World, result: Result) -> None:
    alert = next(a for a in result.alerts if a.labels["alertname"] == "ErrorRateChanged")
    answers = {p.event.request_id: p.event for p in world.log if p.topic == "predictions"}
    labels = {p.event.request_id: p.event for p in world.log if p.topic == "feedback"}
    assert len(alert.examples) == 5
    for request in alert.examples:
        assert answers[request].prediction != labels[request].label
        assert alert.window_start_ms <= ms(labels[request].timestamp) < alert.window_end_ms


def test_incidents_and_causes_are_the_same_for_any_reading(world: World, result: Result) -> None:
    other = world.run(Plan(5, 3, "feedback first", max_batch=50, crash=0.1))

    def told(alerts: list[AlertRecord]) -> dict[str, object]:
        return {a.id: (a.incident, a.causes, a.splits, a.examples, a.attributions) for a in alerts}

    assert told(other.alerts) == told(result.alerts)
