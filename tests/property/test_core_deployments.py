"""The marks of deployments are those of the smallest event times, however they are read."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import FLUSH, START, Plan, World, at, ms, published

from tidegauge.core.config import SECOND
from tidegauge.core.events import Prediction
from tidegauge.core.monitor.deployments import Combination
from tidegauge.core.records import DeploymentKind

answers = st.lists(
    st.tuples(
        st.integers(0, 9_000 * SECOND),
        st.sampled_from("12"),
        st.sampled_from(["c1", "c2", None]),
        st.sampled_from(["d1", None]),
        st.integers(0, 9_999),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(answers, st.integers(0, 2**32))
def test_marks_are_the_first_event_times_for_any_partitions_batches_and_crashes(
    made: list[tuple[int, str, str | None, str | None, int]], seed: int
) -> None:
    events = [
        (
            Prediction(
                f"r{i}", "a", version, at(START + time), True, code_version=code, data_version=data
            ),
            late,
        )
        for i, (time, version, code, data, late) in enumerate(made)
    ]
    expected: dict[tuple[DeploymentKind, str], int] = {}
    for event, _ in events:
        met = Combination(event.version, event.code_version or "", event.data_version or "")
        for part in met.parts():
            expected[part] = min(expected.get(part, ms(event.timestamp)), ms(event.timestamp))
    world = World(published(events))
    for partitions, crash in ((1, 0.0), (3, 0.2), (8, 0.1)):
        result = world.run(Plan(seed, partitions, max_batch=9, crash=crash))
        model = result.monitor.models.get("a")
        marks = {} if model is None else model.deployments.marks
        found = {part: mark.time_ms for part, mark in marks.items() if part[1] != FLUSH}
        assert found == expected
