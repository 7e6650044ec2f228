"""A reference learned from the first predictions depends on what was published, not on reading."""

from dataclasses import replace

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import CONFIG, START, Plan, World, at, compact, ms, published, with_rules

from tidegauge.core.config import SECOND, ModelConfig, ReferenceConfig
from tidegauge.core.events import Prediction
from tidegauge.core.monitor.learning import Learning
from tidegauge.core.monitor.model import Models
from tidegauge.core.monitor.sources import Sources
from tidegauge.core.monitor.state import MonitorTables
from tidegauge.core.partial import SampleRow

REFERENCE = ReferenceConfig(learn_ms=60 * SECOND, min_predictions=15, sample_size=6)
CONFIG_LEARNING = with_rules(CONFIG, reference=REFERENCE)

predictions = st.lists(
    st.tuples(st.integers(0, 200 * SECOND), st.integers(0, 9_999)), min_size=40, max_size=80
)


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(predictions, st.integers(0, 2**32))
def test_same_profile_for_any_partitions_batches_and_crashes(
    made: list[tuple[int, int]], seed: int
) -> None:
    events = [
        (Prediction(f"r{i}", "a", "1", at(START + time), True, 0.5, features={"x": float(i)}), late)
        for i, (time, late) in enumerate(made)
    ]
    world = World(published(events), CONFIG_LEARNING)
    profiles = []
    for partitions, crash in ((1, 0.0), (3, 0.2), (8, 0.0)):
        result = world.run(Plan(seed, partitions, max_batch=9, crash=crash))
        learned = result.monitor.models["a"].references.newest("1")
        if learned is not None:  # the pane from which it holds tells how far reading had come
            learned = msgspec.structs.replace(learned, id="", effective_from=0)
        profiles.append(learned)
    assert profiles[1:] == profiles[:1] * 2
    if profiles[0] is not None:
        sampled = [e for e, _ in events if ms(e.timestamp) < profiles[0].learned_until]
        assert profiles[0].sample_count == min(len(sampled), REFERENCE.sample_size)


def row(hashed: int, time: int) -> SampleRow:
    return SampleRow(hashed, time, "1", 0.5, "1", {"x": float(hashed)})


@given(
    st.lists(
        st.tuples(st.integers(0, 99), st.integers(0, 20)), max_size=60, unique_by=lambda x: x[0]
    ),
    st.integers(0, 20),
)
def test_rows_are_kept_within_a_bound_and_change_no_profile(
    offered: list[tuple[int, int]], ahead: int
) -> None:
    """Rows come some milliseconds before the pane of their time is closed."""
    config = replace(REFERENCE, min_predictions=10**9)
    kept, every = Learning(), Learning()
    for at_ms, (hashed, early) in enumerate(offered):
        some = row(hashed, at_ms + min(early, ahead))
        kept.add(some)
        every.add(some)
        kept.close(at_ms, at_ms + 1, 1, config)
        if not ahead:
            assert len(kept.rows) <= 2 * config.sample_size + 1
    every.start = kept.start
    for end in (len(offered), len(offered) + ahead):
        profiles = [
            x.profile("a", "1", end, 0, ModelConfig(reference=config)) for x in (kept, every)
        ]
        assert profiles[0] == profiles[1]


def test_what_the_sample_can_no_longer_hold_is_not_kept_though_its_pane_is_open() -> None:
    config = replace(REFERENCE, min_predictions=10**9)
    learning = Learning()
    for hashed in range(2 * config.sample_size):
        learning.add(row(hashed, 0))
    for hashed in range(100, 200):
        learning.add(row(hashed, 50))
    learning.close(0, 1, 1, config)
    learning.add(row(200, 60))
    learning.add(row(2, 60))
    assert sorted(learning.rows) == list(range(config.sample_size))
    assert learning.changed >= {150, config.sample_size}


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=40))
def test_what_is_written_of_a_sample_is_the_sample(steps: list[tuple[int, bool]]) -> None:
    """Also where as many rows go between two commits as come."""
    models = Models(CONFIG_LEARNING, 1)
    tables, log = MonitorTables(models, Sources()), dict[bytes, bytes]()
    learning = models["a"].learning.setdefault("1", Learning())
    for time, (hashed, commit) in enumerate(steps):
        learning.add(row(hashed, time))
        learning.close(time, time + 1, 1, replace(REFERENCE, sample_size=2, learn_ms=10**9))
        if commit:
            tables.touch("a")
            compact(log, tables.changes())
            again = Models(CONFIG_LEARNING, 1)
            reading = MonitorTables(again, Sources())
            for record in log.items():
                reading.restore(*record)
            reading.restored()
            assert again["a"].learning["1"].rows == learning.rows
