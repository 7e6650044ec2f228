"""The short form of `campaign`: each kind of fault once, and that damage would be seen."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from campaign import run_trial
from faults import FAULTS, counts_are_lost, freeze_in_commit, kill_between
from sabotage import MUTANTS, WITH_COUNTS
from trial import Trial, chaos_broker

from tidegauge.broker.embedded import EmbeddedBroker

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(900)]

TRIALS = [
    ("kill", "freeze in commit", "join", "broker stops", "commit fails"),
    ("kill in restore", "leave", "broker killed", "send fails", "input truncated"),
    ("kill in commit", "freeze", "terminate", "commit hangs", "offsets reset"),
]
DAMAGING = {
    "positions first": [kill_between] * 2,
    "outputs first": [kill_between] * 2,
    "no fencing": [partial(freeze_in_commit, points=("positioned" + WITH_COUNTS,))],
    "unchecked sends": [counts_are_lost],
}


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """A broker that may be stopped and killed."""
    with chaos_broker(tmp_path_factory.mktemp("broker"), quick_start=True) as broker:
        yield broker


def test_every_kind_of_fault_is_tried():
    assert sorted(name for names in TRIALS for name in names) == sorted(FAULTS)


@pytest.mark.parametrize("names", TRIALS, ids=" - ".join)
def test_nothing_is_lost_doubled_or_different(kafka, tmp_path: Path, names):
    verdict = run_trial(Trial(TRIALS.index(names) + 1, kafka, tmp_path, events=4_000), names)
    assert verdict.differences == {}
    assert (verdict.lost, verdict.doubled) == (0, 0)
    assert verdict.faults == dict.fromkeys(names, 1)


def test_every_mutant_is_tried():
    assert sorted(DAMAGING) == sorted(MUTANTS)


@pytest.mark.parametrize("mutant", DAMAGING)
def test_a_broken_commit_protocol_is_noticed(kafka, tmp_path: Path, mutant: str):
    trial = Trial(1, kafka, tmp_path, events=2_000, mutant=mutant)
    verdict = trial.run([("damage", fault) for fault in DAMAGING[mutant]])
    assert not verdict.exact
