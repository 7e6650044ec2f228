"""Labels that were wrong and are corrected take back the alert that they raised."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from world import CONFIG, START, Plan, Published, Result, World, at, ms, published, with_rules

from tidegauge.core.alertrecords import AlertRecord, AlertStatus
from tidegauge.core.config import SECOND, DetectionConfig
from tidegauge.core.events import Feedback, Prediction

RULES = with_rules(
    CONFIG,
    detection=DetectionConfig(
        learn_ms=300 * SECOND,
        learn_samples=200,
        min_samples=60,
        resolve_panes=3,
        min_loss=1.0,
    ),
    correction_horizon_ms=900 * SECOND,
)
LENGTH = 1_500 * SECOND
BAD_FROM, BAD_UNTIL = 700 * SECOND, 900 * SECOND

Correction = Callable[[int], int | None]
"""When the wrong label of a prediction made at a time is put right; None: never."""


def events(
    corrected: Correction, bad_times: Sequence[tuple[int, int]] = ((BAD_FROM, BAD_UNTIL),)
) -> list[Published]:
    """For a while labels are wrong; that of each prediction may be corrected."""
    rng = random.Random(3)  # noqa: S311 - repeatable, no secret
    made: list[tuple[Prediction | Feedback, int]] = []
    for number in range(LENGTH // SECOND):
        time = number * SECOND + rng.randint(0, 999)
        request, answer = f"r{number}", rng.random() < 0.5
        bad = any(a <= time < b for a, b in bad_times) and rng.random() < 0.9
        right = answer if rng.random() < 0.9 else not answer
        heard = time + rng.randint(1, 5_000)
        label = (not answer) if bad else right
        made += [
            (Prediction(request, "a", "1", at(START + time), answer), rng.randint(0, 3_000)),
            (Feedback(request, at(START + heard), label), rng.randint(0, 3_000)),
        ]
        again = corrected(heard) if bad else None
        if again is not None:
            made.append((Feedback(request, at(START + again), right, revision=1), 100))
    return published(made)


def while_it_fires(heard: int) -> int:
    return max(heard + 1_000, 880 * SECOND)


def after_it_ended(heard: int) -> int:
    return heard + 550 * SECOND


def too_late(heard: int) -> int:
    return heard + 1_000 * SECOND


def statuses(alerts: list[AlertRecord]) -> list[AlertStatus]:
    return [alert.status for alert in alerts]


def run(corrected: Correction, plan: Plan) -> Result:
    return World(events(corrected), RULES).run(plan)


CASES: dict[str, tuple[Correction, list[AlertStatus]]] = {
    "never": (lambda _: None, [AlertStatus.FIRING, AlertStatus.RESOLVED]),
    "while it fires": (while_it_fires, [AlertStatus.FIRING, AlertStatus.RETRACTED]),
    "after it ended": (
        after_it_ended,
        [AlertStatus.FIRING, AlertStatus.RESOLVED, AlertStatus.RETRACTED],
    ),
    "too late to count": (too_late, [AlertStatus.FIRING, AlertStatus.RESOLVED]),
}


@pytest.mark.parametrize("case", CASES)
def test_an_alert_is_retracted_when_its_errors_were_none(case: str) -> None:
    corrected, expected = CASES[case]
    result = run(corrected, Plan(0, 1, max_batch=200))
    alerts = [a for a in result.alerts if a.labels["alertname"] == "ErrorRateChanged"]
    assert statuses(alerts) == expected
    assert [a.revision for a in alerts] == list(range(len(alerts)))
    assert len({a.starts_at_ms for a in alerts}) == 1
    last = alerts[-1]
    assert last.ends_at_ms is not None
    if last.status is AlertStatus.RETRACTED:
        assert "corrected" in last.annotations["retracted"]
        assert last.time_ms >= last.ends_at_ms


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "plan",
    [
        Plan(1, 3, "behind", max_batch=100, crash=0.1),
        Plan(2, 4, "predictions first", max_batch=100, crash=0.1),
        Plan(3, 1, "feedback first", max_batch=100),
    ],
    ids=lambda plan: f"{plan.partitions} {plan.reading}",
)
def test_the_same_for_any_reading(case: str, plan: Plan) -> None:
    corrected, _ = CASES[case]
    result, other = run(corrected, Plan(0, 1, max_batch=200)), run(corrected, plan)
    assert sorted(a.id for a in other.alerts) == sorted(a.id for a in result.alerts)


@pytest.mark.parametrize("reopen_ms", [0, 600 * SECOND])
def test_what_opens_again_soon_goes_on_as_the_old_alert(reopen_ms: int) -> None:
    twice = ((600 * SECOND, 700 * SECOND), (1_000 * SECOND, 1_100 * SECOND))
    rules = with_rules(RULES, detection=replace(RULES.default.detection, reopen_ms=reopen_ms))
    world = World(events(lambda _: None, twice), rules)
    one, other = world.run(Plan(0, 1, max_batch=200)), world.run(Plan(1, 3, crash=0.1))
    alerts = [a for a in one.alerts if a.labels["alertname"] == "ErrorRateChanged"]
    assert statuses(alerts) == [AlertStatus.FIRING, AlertStatus.RESOLVED, AlertStatus.FIRING]
    assert len({a.id for a in alerts}) == 3
    assert sorted(a.id for a in other.alerts) == sorted(a.id for a in one.alerts)
    if reopen_ms:
        assert [a.revision for a in alerts] == [0, 1, 2]
        assert len({a.starts_at_ms for a in alerts}) == 1
    else:
        assert [a.revision for a in alerts] == [0, 1, 0]
        assert len({a.starts_at_ms for a in alerts}) == 2


GONE_FROM, GONE_UNTIL, LATE_UNTIL = 700 * SECOND, 1_100 * SECOND, 1_250 * SECOND
"""When labels are held back, and when those that were are sent."""


@pytest.mark.parametrize("sent", [True, False])
def test_a_loss_of_labels_is_retracted_when_they_come_late(sent: bool) -> None:
    log = []
    for event, append in events(lambda _: None, ()):
        held = GONE_FROM <= ms(event.timestamp) - START < GONE_UNTIL
        if not held or isinstance(event, Prediction):
            log.append(Published(event, append))
        elif sent:
            log.append(Published(event, START + LATE_UNTIL))
    detection = replace(RULES.default.detection, min_loss=0.5)
    world = World(sorted(log, key=lambda p: p.append), with_rules(RULES, detection=detection))
    result = world.run(Plan(0, 1, max_batch=20, commit=0.5))
    alerts = [
        a
        for a in result.alerts
        if a.labels["alertname"] == "LabelLoss" and a.time_ms < START + LENGTH
    ]
    lived = [AlertStatus.FIRING, AlertStatus.RESOLVED]
    assert statuses(alerts) == [*lived, AlertStatus.RETRACTED] if sent else lived
    assert ("late" in alerts[-1].annotations.get("retracted", "")) is sent
