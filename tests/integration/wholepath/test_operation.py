"""What a platform sees: models nobody announced, and a broker that goes away."""

from collections.abc import Callable

import pytest
from kafka.admin import ConfigResource, ConfigResourceType
from wholepath.badinput import message, rfc3339
from wholepath.deployment import Deployment
from wholepath.drifting import SETTINGS, START

from tidegauge.kafka.admin import admin_client
from tidegauge.kafka.client import Connection
from tidegauge.worker import exits

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

PARTITIONS = 3
EVENTS = 10_000


def test_a_model_appears_with_its_first_event(deploy: Callable[..., Deployment]):
    world = deploy(PARTITIONS, SETTINGS)
    worker = world.start_worker()
    worker.wait_active()
    for number, model in enumerate(("first", "naïve|model")):
        event = {"request_id": f"r-{number}", "model": model, "timestamp": rfc3339(START)}
        world.publish([message("predictions", event | {"version": "1", "prediction": "yes"})])
        outcome = world.wait(
            lambda o, name=model: (
                name in o.ledgers() and any(window.model == name for window in o.windows())
            )
        )
        assert outcome.ledgers()[model]["predictions"] == {"read": 1, "open": 1}
        shown = worker.samples()
        assert shown["tidegauge_predictions_read_total", (("model", model),)] == 1
    assert worker.stop() == exits.OK


def test_topics_that_cannot_give_exact_results_are_refused(deploy: Callable[..., Deployment]):
    world = deploy(PARTITIONS, SETTINGS)
    topic = world.names.feedback
    with admin_client(Connection.of(world.settings.kafka)) as client:
        stamp = {"message.timestamp.type": "CreateTime"}
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=stamp)])
    worker = world.start_worker()
    assert worker.process.wait(120) == exits.CONFIG, worker.log
    assert f"{topic}: message.timestamp.type" in worker.log
    assert "LogAppendTime" in worker.log
