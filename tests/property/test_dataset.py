"""A profile built from the logged predictions is the one that a worker learns from them."""

import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import CONFIG, START, Plan, World, at, ms, published, with_rules

from tidegauge.core.config import SECOND, ReferenceConfig
from tidegauge.core.events import Prediction
from tidegauge.core.partitioner import partition_for
from tidegauge.core.stats.reference import Origin, ReferenceProfile
from tidegauge.dataset.build import CsvOptions, build, open_table
from tidegauge.dataset.columns import Columns, RowReader
from tidegauge.dataset.period import Period
from tidegauge.dataset.sample import sample_profile

LEARNING = with_rules(
    CONFIG,
    reference=ReferenceConfig(learn_ms=60 * SECOND, min_predictions=15, sample_size=20, bins=4),
)
FEATURES = st.fixed_dictionaries(
    {},
    optional={
        "x": st.none() | st.floats(-1e6, 1e6),
        "word": st.sampled_from(["a", "b", "c"]),
        "mixed": st.sampled_from([1.0, "a", True, None]),
    },
)
ANSWERS = st.lists(
    st.tuples(st.integers(0, 100 * SECOND), FEATURES, st.none() | st.floats(0, 1), st.booleans()),
    min_size=30,
    max_size=60,
)


def answers(made: list) -> list[Prediction]:
    return [
        Prediction(f"r{i}", "a", "1", at(START + time), answer, score, features=features)
        for i, (time, features, score, answer) in enumerate(made)
    ]


def learned(events: list[Prediction], seed: int) -> ReferenceProfile | None:
    world = World(published([(event, 0) for event in events]), LEARNING)
    model = world.run(Plan(seed, 3, max_batch=9)).monitor.models["a"]
    return model.references.newest("1")


def as_json(event: Prediction) -> str:
    return json.dumps(
        {
            "request_id": event.request_id,
            "model": event.model,
            "version": event.version,
            "timestamp": event.timestamp.isoformat(),
            "prediction": event.prediction,
            "score": event.score,
            "features": event.features,
        }
    )


@settings(
    deadline=None,
    max_examples=10,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(ANSWERS, st.integers(0, 2**32))
def test_built_and_pinned_profiles_are_the_learned_one(made: list, seed: int) -> None:
    events = answers(made)
    known = learned(events, seed)
    if known is None:
        return
    assert known.learned_from is not None
    assert known.learned_until is not None
    start, until = known.learned_from, known.learned_until
    wanted = known.changed(effective_from=0, origin=Origin.BUILT)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log.jsonl"
        file.write_text("".join(f"{as_json(event)}\n" for event in events))
        reader = RowReader(Columns(), "a", "1", LEARNING.default, start=start, until=until)
        table = open_table(file, None, Columns(), CsvOptions())
        assert build(table, reader, lambda _: None).profile == wanted

    period = Period(
        "a",
        None,
        LEARNING.default,
        start=start,
        until=until,
    )
    for event in sorted(events, key=lambda event: event.timestamp):
        home = partition_for(event.request_id.encode(), 3)
        period.take(home, as_json(event).encode(), ms(event.timestamp))
    pinned = sample_profile(period.samples["1"], "a", "1", LEARNING.default)
    times = {"learned_from": start, "learned_until": until}
    assert pinned.changed(origin=Origin.BUILT, **times) == wanted
