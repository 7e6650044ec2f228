"""Publishers that make up names without end, beside others that must not notice."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wholepath.badinput import HOUR, START, Event, message, rfc3339
from wholepath.deployment import Deployment
from wholepath.outcome import Outcome
from wholepath.topic import Message

from tidegauge.core.stats.classes import OTHER

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.timeout(1_800)]

PARTITIONS = 4
SETTINGS = {
    "time": {"lateness": "1m"},
    "join": {"label_horizon": "10m", "correction_horizon": "10m", "orphan_horizon": "5m"},
    "windows": {
        "panes": [{"width": "10s", "span": "1h"}, {"width": "1m", "span": "30d"}],
        "sizes": ["5m"],
    },
    "reference": {"learn": "30d"},
    "detection": {"learn": "30d"},
}
SIDES = ("predictions", "feedback")
GOOD = ("steady", "quiet")
FLOODS: dict[str, Callable[[int, random.Random], Event]] = {
    "models": lambda n, _: {"model": f"made-up-{n}"},
    "versions": lambda n, _: {"version": f"v{n}"},
    "segment_values": lambda n, _: {"segments": {"user": f"u{n}"}},
    "features": lambda _, rng: {
        "features": {f"f{rng.randrange(5_000)}": rng.random() for _ in range(20)}
    },
    "deployments": lambda n, _: {"code_version": f"commit-{n}"},
}


class Floods:
    """Two models in order, and after a while one flood of each kind.

    Args:
        count: events of each flood, and of each of the two models.
    """

    def __init__(self, count: int) -> None:
        self._rng = random.Random(1)  # noqa: S311 - reproducible input
        self._count = count
        self.windows: Counter[tuple[str, int, str]] = Counter()
        """By model and start of window: predictions, and true positives."""

    def messages(self) -> Iterator[Message]:
        for number in range(self._count):
            time = START + number * HOUR // self._count
            for model in GOOD:
                yield from self._good(model, number, time)
            if number >= self._count // 10:
                for kind, make in FLOODS.items():
                    yield from self._request(
                        {"model": f"flood-{kind}", "request_id": f"{kind}-{number}"}
                        | make(number, self._rng),
                        time,
                    )

    def closing(self) -> Iterator[Message]:
        """What moves the time of the two models on, so that all windows close."""
        for number in range(8 * PARTITIONS):
            for model in GOOD:
                request = {"model": model, "request_id": f"close-{model}-{number}"}
                yield from self._request(request, START + 4 * HOUR)

    def _good(self, model: str, number: int, time: int) -> Iterator[Message]:
        score = self._rng.random()
        answer, label = score > 0.5, score > self._rng.random()
        start = time - time % 300_000
        self.windows[model, start, "predictions"] += 1
        self.windows[model, start, "true positives"] += answer and label
        event = {"model": model, "request_id": f"{model}-{number}", "prediction": answer}
        more = {"score": score, "features": {"x": score}, "segments": {"region": "north"}}
        yield from self._request(event | more, time, label=label)

    def _request(self, event: Event, time: int, *, label: bool = True) -> Iterator[Message]:
        made = {"version": "1", "prediction": True, "timestamp": rfc3339(time)} | event
        yield message("predictions", made)
        told = {"request_id": made["request_id"], "label": label}
        yield message("feedback", told | {"timestamp": rfc3339(time + 1_000)})


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found, status
    return int(found[1]) / 1024


def read(outcome: Outcome) -> int:
    ledgers = outcome.ledgers().values()
    return sum(ledger[side].get("read", 0) for ledger in ledgers for side in SIDES)


def seen(outcome: Outcome) -> Counter[tuple[str, int, str]]:
    found: Counter[tuple[str, int, str]] = Counter()
    for window in outcome.windows():
        if window.model in GOOD and not window.segment_field and window.end_ms < START + 2 * HOUR:
            found[window.model, window.start_ms, "predictions"] += window.predictions
            right = window.quality.true_positives or 0
            found[window.model, window.start_ms, "true positives"] += right
    return found


def check_page(samples: dict[Any, float], limits: Any) -> None:
    exported = samples["tidegauge_export_series", ()]
    assert exported <= limits.series
    labels = [dict(of) for _, of in samples]
    assert len({of["model"] for of in labels if "model" in of}) <= PARTITIONS * limits.models + 9
    for kind in ("versions", "segment_values", "features"):
        exceeded = (("limit", kind), ("model", f"flood-{kind}"))
        assert samples["tidegauge_limit_exceeded_total", exceeded] > 100
    assert samples["tidegauge_limit_exceeded_total", (("limit", "models"), ("model", OTHER))] > 100
    windows = [of for of in labels if "window" in of and of["model"].startswith("flood")]
    versions = {of["version"] for of in windows}
    assert OTHER in versions
    assert len(versions) <= limits.versions + 1
    users = {of["segment_value"] for of in windows if of["segment_field"] == "user"}
    assert OTHER in users
    assert len(users) <= limits.segment_values + 1
    features = {of["feature"] for of in windows if "feature" in of} - {"x"}
    assert 0 < len(features) <= limits.features


@pytest.mark.parametrize("count", [1_000, 10_000])
def test_a_flood_of_names_is_bounded_counted_and_named_once(deploy, count):
    world: Deployment = deploy(PARTITIONS, SETTINGS)
    source = Floods(count)
    messages = list(source.messages())
    worker = world.start_worker()
    used = []
    published = 0
    for quarter in range(4):
        first, last = (len(messages) * n // 4 for n in (quarter, quarter + 1))
        published += world.publish(messages[first:last])
        world.wait(lambda o, n=published: read(o) == n)
        used.append(resident_mib(worker.process.pid))
    check_page(worker.samples(), world.settings.limits)
    published += world.publish(source.closing())
    expected = Counter({key: n for key, n in source.windows.items() if n})
    outcome = world.wait(lambda o: seen(o) == expected and read(o) == published)
    for ledger in outcome.ledgers().values():
        for side in SIDES:
            assert ledger[side].pop("read", 0) == sum(ledger[side].values())
    assert world.miscounted() == []
    lines = [line for line in worker.log.splitlines() if "event=limit_exceeded" in line]
    named = Counter(re.search(r"setting=(\S+)", line)[1] for line in lines)
    kinds = ("models", "versions", "segment_values", "features", "deployments")
    assert named == {f"limits.{kind}": 1 for kind in kinds}, lines
    assert used[-1] < used[1] + 60, used
    assert worker.stop() == 0
