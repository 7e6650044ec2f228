"""Everything that can be wrong with input, at once: no event is lost from the ledgers."""

import hashlib
from collections import Counter

import pytest
from wholepath.badinput import CLOSING, SETTINGS, HostileInput
from wholepath.oracle import Oracle
from wholepath.topic import Message, read_all

from tidegauge.core.config import ModelKind
from tidegauge.core.reasons import Reason

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

PARTITIONS = 4
FLOOD = 1_000


@pytest.mark.parametrize(
    ("requests", "large"),
    [(5_000, 10), pytest.param(90_000, 40, marks=[pytest.mark.long, pytest.mark.timeout(1800)])],
)
def test_ledgers_are_exact_and_dead_letters_complete(deploy, requests, large):
    world = deploy(PARTITIONS, SETTINGS)
    published = world.publish(HostileInput(requests, PARTITIONS, large, seed=1).messages())
    assert published > 2 * requests
    predictions = read_all(world.bootstrap, world.names.predictions)
    feedback = read_all(world.bootstrap, world.names.feedback)
    expected = Oracle(predictions, feedback)
    worker = world.start_worker()
    outcome = world.wait(
        lambda o: (
            o.ledgers() == expected.ledgers()
            and sum(o.refused().values()) >= len(expected.letters)
            and not o.unfinished(CLOSING)
        )
    )
    letters = Counter(expected.letters.items())
    assert (outcome.refused() - letters, letters - outcome.refused()) == (Counter(), Counter())
    originals = {(r.topic, r.partition, r.offset): r for r in (*predictions, *feedback)}
    for letter in outcome.dead_letters():
        original = originals[letter.topic, letter.partition, letter.offset]
        value = original.value
        assert letter.key == original.key
        assert letter.value_sha256 == (None if value is None else hashlib.sha256(value).hexdigest())
        assert letter.value == (None if value is None else value[: 64 * 1024])
    kinds = {w.model: w.kind for w in outcome.windows() if w.end_ms <= CLOSING}
    assert kinds.items() >= {
        ("shuffled", ModelKind.BINARY),
        ("orderly", ModelKind.BINARY),
        ("classes", ModelKind.MULTICLASS),
        ("amounts", ModelKind.REGRESSION),
    }
    counted: Counter[tuple[str, str]] = Counter()
    for window in outcome.windows():
        if window.segment_field is None:
            counted[window.model, window.version] += window.predictions
    assert counted == expected.windows
    assert world.miscounted() == []
    assert worker.alive
    exported = sum(
        value
        for (name, labels), value in worker.samples().items()
        if name in ("tidegauge_predictions", "tidegauge_feedback")
        and ("state", "forwarded") not in labels
    )
    assert outcome.forwarded() > 0
    assert exported == published
    assert worker.stop() == 0


def test_a_flood_of_one_reason_is_counted_with_its_offsets(deploy):
    world = deploy(1, SETTINGS | {"limits": {"dead_letters_per_minute": 50}})
    world.publish(Message("feedback", b"any", b"{") for _ in range(FLOOD))
    worker = world.start_worker()
    invalid = {"read": FLOOD, "invalid": FLOOD}
    outcome = world.wait(lambda o: o.ledgers().get("__unknown__", {}).get("feedback") == invalid)
    assert worker.stop() == 0
    copied = [letter.offset for letter in outcome.dead_letters()]
    # appended within one minute, or over the turn of two
    assert len(copied) in (50, 100)
    counted: list[int] = []
    for summary in outcome.summaries():
        assert (summary.reason, summary.partition) == (Reason.INVALID_JSON, 0)
        assert summary.topic == world.names.feedback
        assert summary.count == sum(part.count for part in summary.ranges)
        for part in summary.ranges:
            assert part.count == part.last - part.first + 1
            counted += range(part.first, part.last + 1)
    assert sorted(copied + counted) == list(range(FLOOD))
