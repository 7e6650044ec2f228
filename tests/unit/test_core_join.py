"""The join of one source partition: limits, expiry and eviction, and books that balance."""

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from world import compact, retained

from tidegauge.core.collect.join import Join, Joined
from tidegauge.core.collect.labelling import changes
from tidegauge.core.collect.ordinary import LabelledRows
from tidegauge.core.collect.pairing import Labels, pair_steps
from tidegauge.core.collect.request import (
    MAX_ANSWERS,
    MAX_LINES,
    MAX_REVISIONS,
    Answer,
    Line,
    Request,
    Revision,
    accounts,
)
from tidegauge.core.collect.requests import Requests
from tidegauge.core.config import MINUTE, ModelConfig
from tidegauge.core.ledger import Ledgers, ModelLedger
from tidegauge.core.requestkey import request_key
from tidegauge.core.stats.outcomes import Known

RULES = ModelConfig(
    out_of_orderness_ms=0,
    lateness_ms=MINUTE,
    label_horizon_ms=10 * MINUTE,
    correction_horizon_ms=20 * MINUTE,
    orphan_horizon_ms=5 * MINUTE,
)
RETENTION = 21 * MINUTE
T = 1_000 * MINUTE


@dataclass
class Sink:
    """Counts labels by level and class, and first labels by time and class; 1 is ``true``."""

    labels: dict[tuple[int, int], int] = field(default_factory=dict)
    shown: list[tuple[int, int]] = field(default_factory=list)
    corrected_labels: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Own times of the first label and of the correction, and both classes."""
    paired: Counter[tuple[str, str, int, int, int]] = field(default_factory=Counter)
    """By both versions, level and both labels."""

    def level(self, delay_ms: int) -> int:
        return 0 if delay_ms <= 2 * MINUTE else 1 if delay_ms <= 15 * MINUTE else 2

    def labelled(self, _: LabelledRows) -> None:
        raise AssertionError("single events are joined one by one")

    def label(self, _: Answer, level: int, label: Known, count: int) -> None:
        cell = level, int(label == "true")
        self.labels[cell] = self.labels.get(cell, 0) + count

    def first(self, _: Answer, label: Known, time_ms: int, request_id: str | None) -> None:
        assert request_id
        self.shown.append((time_ms, int(label == "true")))

    def corrected(self, _: Answer, labels: Labels, first_ms: int, time_ms: int) -> None:
        was, now = (int(label == "true") for label in labels)
        self.corrected_labels.append((first_ms, time_ms, was, now))

    def heard(self, model: str, time_ms: int) -> None:
        pass

    def pair(self, answers: tuple[Answer, Answer], level: int, labels: Labels, count: int) -> None:
        one, other = (int(label == "true") for label in labels)
        self.paired[answers[0].version, answers[1].version, level, one, other] += count


class World:
    """A join with its ledgers and sink, balanced after every event."""

    def __init__(self, capacity: int = 1_000, **models: ModelConfig) -> None:
        self.ledgers = Ledgers()
        self.sink = Sink()
        self.rules = lambda model: models.get(model, RULES)
        self.requests = Requests(self.rules, self.sink.level)
        self.join = Join(self.rules, self.ledgers, self.sink, self.requests, capacity)
        self._offset = 0
        self.changelog: dict[bytes, bytes] = {}

    def answer(
        self, key: str, time: int = T, model: str = "a", version: str = "1", digest: int = 0
    ) -> Joined:
        answer = Answer(model, version, time, digest, "1", 0.5, ())
        outcome = self.join.answer(request_key(key.encode()), answer, key)
        self.balance()
        return outcome

    def feedback(
        self, key: str, time: int, label: bool = True, revision: int = 0, model: str | None = None
    ) -> Joined:
        self._offset += 1
        made = Revision(revision, time, label, time * 2 + label, self._offset)
        outcome = self.join.feedback(request_key(key.encode()), model, made, key)
        self.balance()
        return outcome

    def expire(self, time: int, model: str = "a") -> int:
        gone = self.join.expire({model: time})
        self.balance()
        return gone

    def balance(self) -> None:
        for ledger in self.ledgers.by_model.values():
            assert set(ledger.imbalance().values()) == {0}, ledger
            assert min((*ledger.predictions.values(), *ledger.feedback.values())) >= 0

    def ledger(self, model: str = "a") -> ModelLedger:
        return self.ledgers.by_model[model]

    def restarted(self) -> "World":
        """The same world after its changelog is read back."""
        other = World()
        other.ledgers, other.sink = self.ledgers, self.sink
        other.requests = Requests(self.rules, self.sink.level)
        other.join = Join(self.rules, self.ledgers, self.sink, other.requests, 1_000)
        compact(self.changelog, self.requests.changes())
        for key, packed in self.changelog.items():
            other.requests.restore(key, packed)
        other.requests.restored()
        other.changelog = self.changelog
        return other


def states(counts: dict[str, int]) -> dict[str, int]:
    return {state: count for state, count in counts.items() if count}


@pytest.mark.parametrize("delay", [0, MINUTE, 9 * MINUTE, 10 * MINUTE])
def test_a_labelled_request_leaves_however_late_its_label_came(delay: int) -> None:
    world = World()
    world.answer("r")
    world.feedback("r", T + delay)
    assert world.expire(T + RETENTION) == 0
    assert world.expire(T + RETENTION + 5 * MINUTE) == 1
    assert len(world.requests) == 0
    assert states(world.ledger().predictions) == {"labelled": 1}


def test_a_label_at_the_end_of_the_horizon_prolongs_the_request() -> None:
    rules = replace(RULES, orphan_horizon_ms=30 * MINUTE)
    world = World(a=rules)
    world.answer("r")
    world.feedback("r", T + 10 * MINUTE)
    assert world.expire(T + 10 * MINUTE + 31 * MINUTE - 1) == 0
    assert world.expire(T + 10 * MINUTE + 33 * MINUTE) == 1


def test_an_unlabelled_request_expires_with_its_orphans() -> None:
    world = World()
    world.answer("r")
    world.feedback("r", T, model="b")
    assert world.expire(T + RETENTION + 2 * MINUTE) == 1
    assert states(world.ledger().predictions) == {"unlabelled": 1}
    assert states(world.ledger("b").feedback) == {"orphan_expired": 1}


def test_repetitions_are_one_request() -> None:
    world = World()
    world.answer("r")
    world.feedback("r", T)
    for _ in range(500):
        world.answer("r")
        world.feedback("r", T)
    for revision in range(1, 8):
        world.feedback("r", T + revision, revision=revision)
    assert len(world.requests) == 1
    assert states(world.ledger().feedback) == {"joined": 1, "duplicate": 500, "superseded": 7}


def test_a_request_waits_by_the_time_of_the_model_that_answered() -> None:
    world = World()
    world.feedback("r", T)
    world.answer("r", T, "b")
    world.answer("r", T, "a")
    assert world.expire(T + RETENTION * 2, "__unknown__") == 0
    assert world.expire(T + RETENTION * 2, "b") == 0
    assert world.expire(T + RETENTION * 2, "a") == 1


def test_over_capacity_what_would_expire_first_is_evicted_and_counted() -> None:
    world = World(capacity=3)
    for number in range(6):
        world.answer(f"r{number}", T + number * MINUTE)
        world.feedback(f"r{number}", T + 9 * MINUTE)
    world.feedback("early", T - 10 * MINUTE)
    assert world.join.shrink() == 4
    world.balance()
    left = {request_key(key): key for key in (b"r3", b"r4", b"r5")}
    assert retained(world.requests).keys() == left.keys()
    assert states(world.ledger().predictions) == {"labelled": 6}
    assert states(world.ledger("__unknown__").feedback) == {"evicted": 1}


def test_eviction_goes_on_after_labels_that_prolonged_requests() -> None:
    world = World(capacity=0, a=replace(RULES, orphan_horizon_ms=60 * MINUTE))
    for number in range(20):
        world.answer(f"r{number}")
        world.feedback(f"r{number}", T + number * 30_000)
    assert world.join.shrink() == 20
    world.balance()


def test_what_is_restored_expires_as_before() -> None:
    world = World()
    for number in range(5):
        world.answer(f"r{number}", T + number * MINUTE)
        world.feedback(f"r{number}", T + 9 * MINUTE)
    other = world.restarted()
    assert other.expire(T + RETENTION + 3 * MINUTE) == world.expire(T + RETENTION + 3 * MINUTE)
    assert retained(other.requests) == retained(world.requests)


def test_one_request_has_so_many_answers_lines_and_revisions() -> None:
    world = World()
    for number in range(MAX_ANSWERS):
        assert world.answer("r", version=str(number)) is Joined.ACCEPTED
    assert world.answer("r", version="one more") is Joined.EVICTED
    assert states(world.ledger().predictions) == {"open": MAX_ANSWERS, "evicted": 1}
    for number in range(MAX_LINES):
        assert world.feedback("r", T, model=f"m{number:02}") is Joined.ACCEPTED
    assert world.feedback("r", T, model="n") is Joined.EVICTED
    assert states(world.ledger("n").feedback) == {"evicted": 1}


def test_revisions_over_the_limit_are_superseded_by_higher_ones() -> None:
    world = World()
    world.answer("r")
    for revision in range(MAX_REVISIONS + 5):
        world.feedback("r", T + revision, revision=revision)
    assert states(world.ledger().feedback) == {"joined": 1, "superseded": MAX_REVISIONS + 4}


def test_a_label_whose_revision_was_dropped_for_late_ones_is_taken_back() -> None:
    world = World()
    world.answer("r")
    world.feedback("r", T)
    late = T + RULES.correction_horizon_ms + 1
    for revision in range(1, MAX_REVISIONS + 1):
        world.feedback("r", late, revision=revision)
    assert states(world.ledger().predictions) == {"open": 1}
    assert states(world.sink.labels) == {}


def test_a_correction_of_the_same_level_replaces_the_label() -> None:
    world = World()
    world.answer("r")
    world.feedback("r", T, label=True)
    world.feedback("r", T + 1, label=False, revision=1)
    assert states(world.sink.labels) == {(0, 0): 1}
    assert world.sink.shown == [(T, 1)]  # a detector's past does not change
    assert world.sink.corrected_labels == [(T, T + 1, 1, 0)]


@pytest.mark.parametrize("order", ["prediction first", "feedback first"])
def test_a_late_correction_takes_the_old_label_back_where_it_counts_itself(order: str) -> None:
    world = World()
    if order == "prediction first":
        world.answer("r")
    world.feedback("r", T, label=True)
    world.feedback("r", T + 9 * MINUTE, label=False, revision=1)
    world.feedback("r", T + 18 * MINUTE, label=True, revision=2)
    if order == "feedback first":
        world.answer("r")
    assert world.sink.labels == {(0, 1): 1, (1, 1): -1, (1, 0): 1, (2, 0): -1, (2, 1): 1}
    assert world.sink.shown == [(T, 1)]
    assert world.sink.corrected_labels == [
        (T, T + 9 * MINUTE, 1, 0),
        (T, T + 18 * MINUTE, 0, 1),
    ]
    assert states(world.ledger().feedback) == {"joined": 1, "superseded": 2}


def test_a_late_correction_that_confirms_changes_no_count() -> None:
    world = World()
    world.answer("r")
    world.feedback("r", T, label=True)
    world.feedback("r", T + 9 * MINUTE, label=True, revision=1)
    assert world.sink.labels == {(0, 1): 1}


def test_a_pair_begins_where_both_labels_are_known_and_follows_both() -> None:
    one, other = ((0, "n"), (2, "y")), ((1, "n"),)
    assert pair_steps(one, ()) == pair_steps((), other) == ()
    assert pair_steps(one, other) == ((1, ("n", "n")), (2, ("y", "n")))
    assert pair_steps(((0, "n"), (1, "y")), ((1, "n"), (2, "y"))) == (
        (1, ("y", "n")),
        (2, ("y", "y")),
    )


ORDERS = {
    "both answers first": "champion challenger label correction",
    "label between": "champion label challenger correction",
    "an answer last": "challenger label correction champion",
    "labels first": "label correction champion challenger",
    "correction first": "correction champion challenger label",
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_the_pairs_of_a_request_do_not_depend_on_the_order_of_reading(order: str) -> None:
    world = World()
    steps = {
        "champion": lambda: world.answer("r"),
        "challenger": lambda: world.answer("r", T + MINUTE, version="2"),
        "label": lambda: world.feedback("r", T + MINUTE, label=True),
        "correction": lambda: world.feedback("r", T + 9 * MINUTE, label=False, revision=1),
    }
    for step in order.split():
        steps[step]()
        world = world.restarted()
    found = Counter({tuple(sorted(key[:2])) + key[2:]: n for key, n in world.sink.paired.items()})
    assert states(found) == {
        ("1", "2", 0, 1, 1): 1,
        ("1", "2", 1, 1, 1): -1,
        ("1", "2", 1, 0, 0): 1,
    }


def test_only_versions_of_one_model_are_pairs() -> None:
    world = World()
    for model, version in (("a", "1"), ("b", "1"), ("b", "2"), ("c", "9")):
        world.answer("r", model=model, version=version)
    world.feedback("r", T)
    assert states(world.sink.paired) == {("1", "2", 0, 1, 1): 1}
    assert world.expire(T + 2 * RETENTION) == 1
    assert states(world.sink.paired) == {("1", "2", 0, 1, 1): 1}, "what was counted stays"


def test_changes_lead_from_one_set_of_steps_to_another() -> None:
    assert changes((), ()) == {}
    assert changes((), ((0, 1.5),)) == {(0, 1.5): 1}
    assert changes(((0, "y"),), ((0, "y"), (2, "n"))) == {(2, "n"): 1, (2, "y"): -1}
    assert changes(((0, "n"), (1, "y")), ((0, "y"), (1, "n"))) == {
        (0, "n"): -1,
        (0, "y"): 1,
        (1, "n"): 2,
        (1, "y"): -2,
    }


def test_feedback_that_names_the_model_goes_before_feedback_that_names_none() -> None:
    world = World()
    world.feedback("r", T, label=False, model="a")
    world.feedback("r", T, label=True, revision=3)
    world.answer("r")
    world.answer("r", model="b")
    assert states(world.sink.labels) == {(0, 0): 1, (0, 1): 1}
    assert world.ledger("a").labels == world.ledger("b").labels == 1


def test_labels_out_of_time_label_nothing() -> None:
    world = World()
    world.answer("r")
    world.feedback("r", T + 10 * MINUTE + 1)
    world.feedback("r", T - 5 * MINUTE - 1, revision=1)
    assert states(world.ledger().predictions) == {"open": 1}
    assert states(world.ledger().feedback) == {"superseded": 1, "orphan_open": 1}
    world.feedback("r", T + 20 * MINUTE + 1, revision=2)
    assert states(world.ledger().feedback) == {"superseded": 2, "late": 1}


def test_a_request_is_accounted_for_in_the_same_time_however_often_it_is_repeated() -> None:
    often = 10**12
    revision = Revision(0, T, True, 0, 0)
    request = Request(
        [Answer("a", "1", T, 0, 1, 0.5, (), duplicates=often)],
        [Line(None, [revision], duplicates=often)],
    )
    found = accounts(request, lambda _: RULES, waiting=("open", "orphan_open"))
    assert found.predictions["a", "duplicate"] == found.feedback["a", "duplicate"] == often
