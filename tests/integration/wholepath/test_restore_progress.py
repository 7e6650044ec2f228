"""A restore can be watched: in readiness, in the metrics, and in health."""

import json

import pytest
from wholepath.badinput import START, message, rfc3339
from wholepath.deployment import PROGRAM, wait_until
from wholepath.drifting import SETTINGS

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(240)]

PARTITIONS = 2
RESTORING = "not ready: running restoring"
REQUESTS = 1_000
SLOWLY = f"""
import time
import tidegauge.worker.changelog as changelog
take = changelog._take
changelog._take = lambda *args: (time.sleep(0.001), take(*args))
changelog.RECORDS_PER_TURN = 20
{PROGRAM.replace("; ", chr(10))}
"""
"""A worker whose restore takes seconds although there is little to restore."""


def test_a_restore_can_be_watched(deploy):
    world = deploy(PARTITIONS, SETTINGS)
    event = {"model": "m", "version": "1", "prediction": 1, "timestamp": rfc3339(START)}
    world.publish(message("predictions", event | {"request_id": f"r{n}"}) for n in range(REQUESTS))
    first = world.start_worker()
    world.wait(lambda o: o.ledgers().get("m", {}).get("predictions", {}).get("open") == REQUESTS)
    assert first.stop() == 0

    worker = world.start_worker(program=SLOWLY)
    seen: list[float] = []

    def ready() -> bool:
        if "event=serving" not in worker.log:
            return False
        answer = worker.get("/ready")
        if RESTORING in answer:
            assert "changelog records read" in answer
            detail = json.loads(worker.get("/health"))["detail"]
            # it may have ended between the two questions
            assert "restoring" in detail or RESTORING not in worker.get("/ready")
            seen.extend(
                value
                for (name, _), value in worker.samples().items()
                if name == "tidegauge_restore_ratio"
            )
        return answer == "ok\n"

    wait_until(ready, lambda: (seen, worker.log), 120)
    assert any(0 < ratio < 1 for ratio in seen), (seen, worker.log)
    ratios = [v for (name, _), v in worker.samples().items() if name == "tidegauge_restore_ratio"]
    assert set(ratios) == {1.0}
    assert worker.stop() == 0
