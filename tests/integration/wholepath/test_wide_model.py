"""A model with as many features and segments as the limits allow does not burst a record."""

import random

import pytest
from wholepath.badinput import START, message, rfc3339
from wholepath.topic import read_all

from tidegauge.core.partial import MAX_BYTES

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(240)]

PREDICTIONS = 1_500


def test_what_one_commit_changes_is_written_in_pieces(deploy):
    world = deploy(1, {"worker": {"commit_interval": "1s"}})
    limits = world.settings.limits
    rng = random.Random(1)  # noqa: S311 - reproducible input
    made = {"model": "wide", "version": "1", "prediction": 1}

    def prediction(number: int):
        return made | {
            "request_id": f"r{number}",
            "timestamp": rfc3339(START + 20 * number),
            "features": {f"feature {n}": rng.random() for n in range(limits.features)},
            "segments": {
                f"field {n}": f"value {rng.randrange(limits.segment_values)}"
                for n in range(limits.segment_fields)
            },
        }

    world.publish(message("predictions", prediction(n)) for n in range(PREDICTIONS))
    worker = world.start_worker()
    all_open = {"read": PREDICTIONS, "open": PREDICTIONS}
    world.wait(lambda o: o.ledgers().get("wide", {}).get("predictions") == all_open)
    assert worker.stop() == 0
    sizes = [len(record.value) for record in read_all(world.bootstrap, world.names.partials)]
    assert sum(sizes) > 2 * MAX_BYTES, "it would not have fitted one record"
    assert max(sizes) <= MAX_BYTES
