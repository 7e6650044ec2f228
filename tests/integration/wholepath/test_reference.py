"""References by command on a real broker: a running worker compares with what a person chose."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, TopicPartition
from typer.testing import CliRunner, Result
from wholepath.badinput import message, rfc3339
from wholepath.deployment import Deployment
from wholepath.outcome import Outcome
from wholepath.topic import Message, end_offsets

from tidegauge.cli.main import app
from tidegauge.core.records import MetricRecord
from tidegauge.core.stats.reference import Origin, ReferenceProfile
from tidegauge.wire.references import decode_reference
from tidegauge.worker import exits

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_767_607_200_000
"""2026-01-05T10:00:00Z."""
STEP = 6_000
SETTINGS = {
    "windows": {"panes": [{"width": "1m", "span": "2d"}], "sizes": ["5m"]},
    "reference": {"learn": "10m", "min_predictions": 50},
}


def prediction(number: int, code: str) -> dict[str, Any]:
    rng = random.Random(number)  # noqa: S311 - reproducible input
    return {
        "request_id": f"r{number}",
        "model": "fraud",
        "version": "7",
        "timestamp": rfc3339(START + number * STEP),
        "prediction": rng.random() < 0.3,
        "score": rng.random(),
        "features": {"amount": rng.gauss(50, 10), "country": rng.choice(["NO", "SE"])},
        "code_version": code,
    }


def predictions(first: int, last: int, code: str) -> Iterator[Message]:
    return (message("predictions", prediction(number, code)) for number in range(first, last))


def command(world: Deployment, *arguments: str | Path) -> Result:
    options = ["-c", str(world.file), "reference", *map(str, arguments)]
    return CliRunner().invoke(app, options)


def done(world: Deployment, *arguments: str | Path) -> str:
    result = command(world, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def announced(world: Deployment) -> ReferenceProfile:
    return decode_reference(done(world, "show", "fraud", "--json").encode())


def compared(outcome: Outcome, number: int) -> MetricRecord | None:
    """The newest record of the whole window that this prediction falls in."""
    time = START + number * STEP
    windows = (w for w in outcome.windows() if w.segment_field is None)
    return next((w for w in windows if w.start_ms <= time < w.end_ms), None)


def test_a_worker_compares_with_what_was_built_and_then_with_what_was_pinned(
    deploy: Callable[..., Deployment], tmp_path: Path
):
    world = deploy(3, SETTINGS)
    file = tmp_path / "log.jsonl"
    file.write_text("".join(f"{json.dumps(prediction(n, 'c0'))}\n" for n in range(-500, 0)))
    said = done(world, "build", file, "--model", "fraud", "--version", "7")
    assert said.startswith(
        "500 rows, 500 sampled\nfraud 7: 2 features, scores; announced, in effect"
    )
    built = announced(world)
    assert (built.origin, built.effective_from) == (Origin.BUILT, 0)

    # what is no profile harms nobody
    world.publish([Message("references", b"fraud|8", b"no profile")])
    worker = world.start_worker()
    world.publish(predictions(0, 300, "c1"))
    world.publish(predictions(300, 600, "c2"))
    hour = 600 * STEP

    def counted(number: int, reference: str) -> Callable[[Outcome], bool]:
        def holds(outcome: Outcome) -> bool:
            window = compared(outcome, number)
            return (
                window is not None
                and window.reference == reference
                and window.predictions == 5 * MINUTE // STEP
            )

        return holds

    outcome = world.wait(lambda o: counted(0, built.id)(o) and counted(500, built.id)(o))
    window = compared(outcome, 500)
    assert window is not None
    assert {name for name, stats in window.features.items() if stats.psi is not None} == {
        "amount",
        "country",
    }
    marks = {(d.kind.value, d.value): d.time_ms for d in outcome.deployments().values()}
    assert marks == {
        ("version", "7"): START,
        ("code_version", "c1"): START,
        ("code_version", "c2"): START + 300 * STEP,
    }
    labels = (("kind", "code_version"), ("model", "fraud"), ("value", "c2"), ("version", "7"))
    gauge = worker.samples()["tidegauge_deployment_timestamp_seconds", labels]
    assert gauge == (START + 300 * STEP) / 1000

    period = ["--from", rfc3339(START), "--until", rfc3339(START + hour // 2)]
    said = done(world, "pin", "fraud", *period)
    assert said.startswith("300 predictions, 300 sampled\nfraud 7: 2 features, scores; announced")
    pinned = announced(world)
    assert (pinned.origin, pinned.learned_from) == (Origin.PINNED, START)
    newest = START + 599 * STEP
    assert newest < pinned.effective_from <= newest + 3 * MINUTE

    world.publish(predictions(600, 1_200, "c2"))
    outcome = world.wait(counted(1_000, pinned.id))
    window = compared(outcome, 1_000)
    assert window is not None
    assert window.features["amount"].psi is not None
    before = compared(outcome, 500)
    assert before is not None
    assert before.reference == built.id
    listed = [
        decode_reference(line.encode()) for line in done(world, "list", "--json").splitlines()
    ]
    assert listed == [pinned]

    file = tmp_path / "later.json"
    done(world, "pin", "fraud", *period, "--output", file)
    later = START + 5 * HOUR - 1
    done(world, "put", file, "--effective-from", rfc3339(later))
    assert announced(world) == pinned.changed(effective_from=START + 5 * HOUR)
    assert "fraud" in done(world, "list")
    same = json.loads(done(world, "diff", "fraud@7", "fraud", "--json"))
    assert same["score_psi"] == 0
    assert "no reference 'spam'" in command(world, "show", "spam").stderr
    assert worker.stop() == exits.OK

    check_retention(world, period)


def check_retention(world: Deployment, period: list[str]) -> None:
    """What retention has removed of a period is said."""
    client = KafkaAdminClient(bootstrap_servers=world.bootstrap)
    topic = world.names.predictions
    ends = end_offsets(world.bootstrap, topic)
    client.delete_records({TopicPartition(topic, 0): ends[0] // 8})
    result = command(world, "pin", "fraud", *period)
    assert result.exit_code == 0, result.output
    assert "retention has removed a part of this period" in result.stderr
    part = announced(world)
    assert part.learned_from is not None
    assert START < part.learned_from < START + HOUR // 2
    assert part.sample_count < 300

    client.delete_records({TopicPartition(topic, 0): ends[0] - 1})
    result = command(world, "pin", "fraud", *period)
    assert result.exit_code == 1
    assert "retention has removed this period" in result.stderr
    client.delete_records({TopicPartition(topic, 0): ends[0]})
    client.close()
    result = command(world, "pin", "fraud", *period)
    assert "retention has removed all predictions of partitions 0" in result.stderr
