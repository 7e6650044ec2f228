"""Which reference is in effect: from its pane on, and what a person announced before the rest."""

import pytest
from world import CONFIG, START

from tidegauge.core.adoption import References
from tidegauge.core.config import SECOND
from tidegauge.core.monitor.monitor import Monitor
from tidegauge.core.partial import Partial, Progress
from tidegauge.core.stats.reference import Origin, ReferenceProfile
from tidegauge.core.streamtime import NEVER
from tidegauge.core.sums import SlotSums, TrafficCounts


def profile(
    name: str, effective_from: int = 0, origin: Origin = Origin.LEARNED
) -> ReferenceProfile:
    return ReferenceProfile(
        id=name,
        model="a",
        version="1",
        effective_from=effective_from,
        learned_from=None,
        learned_until=None,
        sample_count=0,
        features=(),
        score_counts={},
        positive_rate=None,
        origin=origin,
    )


def in_effect(references: References, *starts: int) -> list[str]:
    found = [references.at("1", start) for start in starts]
    return ["" if profile is None else profile.id for profile in found]


def test_each_holds_from_its_pane_until_the_next_one_does() -> None:
    references = References()
    assert references.adopt(profile("p", 10), NEVER)
    assert references.adopt(profile("q", 30), 20)
    assert in_effect(references, 9, 10, 29, 30) == ["", "p", "p", "q"]


def test_none_holds_earlier_than_it_can() -> None:
    references = References()
    references.adopt(profile("p", 10), 50)
    assert in_effect(references, 49, 50) == ["", "p"]


def test_one_that_was_replaced_before_it_held_leaves_the_one_before_it() -> None:
    references = References()
    for name, since in (("p", 10), ("typo", 100), ("again", 100), ("q", 100)):
        references.adopt(profile(name, since), NEVER)
    assert in_effect(references, 50, 100) == ["p", "q"]


@pytest.mark.parametrize("origin", [Origin.BUILT, Origin.PINNED])
def test_what_a_person_announced_is_not_replaced_by_what_is_learned(origin: Origin) -> None:
    references = References()
    assert references.adopt(profile("learned"), NEVER)
    assert references.adopt(profile("fixed", 10, origin), NEVER)
    assert not references.adopt(profile("late", 20), NEVER)
    assert references.adopt(profile("next", 20, origin), NEVER)
    assert in_effect(references, 0, 10, 20) == ["learned", "fixed", "next"]


def test_a_fixed_reference_is_announced_again_when_a_learned_one_follows_it() -> None:
    monitor = Monitor(CONFIG, 1)
    fixed = profile("fixed", 0, Origin.BUILT)
    monitor.adopt(fixed)
    monitor.adopt(profile("learned"))
    assert monitor.publish(()).references == [fixed]
    monitor.adopt(fixed)
    assert monitor.publish(()).references == []


def test_a_window_is_compared_with_what_holds_in_its_last_pane() -> None:
    monitor = Monitor(CONFIG, 1)
    minute = START - START % 60_000
    monitor.adopt(profile("p", minute))
    monitor.adopt(profile("q", minute + 60 * SECOND, Origin.PINNED))
    answer = SlotSums(TrafficCounts(predictions=1)).to_wire()
    for second in (0, 60, 120):
        time = minute + second * SECOND
        progress = Progress(predictions_time=time, predictions_append=time)
        slot = (["1", "", "", 0, time], answer)
        monitor.take(Partial(0, "a", progress, slots=[slot]))
    monitor.advance()
    metrics = monitor.publish(set(monitor.stirred)).metrics
    compared = {
        (m.start_ms - minute) // SECOND: m.reference
        for m in metrics
        if m.end_ms - m.start_ms == 60_000
    }
    assert compared == {0: "p", 60: "q", 120: "q"}


def test_what_was_compared_before_stays_so_after_a_reference_that_comes_late() -> None:
    monitor = Monitor(CONFIG, 1)
    answer = SlotSums(TrafficCounts(predictions=1)).to_wire()
    minute = START - START % 60_000
    time = minute + 120 * SECOND
    progress = Progress(time, time, time, time, time, time)
    monitor.take(Partial(0, "a", progress, slots=[(["1", "", "", 0, minute], answer)]))
    monitor.take(Partial(0, "", progress))
    monitor.advance()
    monitor.adopt(profile("p", 0))
    references = monitor.models["a"].references
    assert in_effect(references, minute, time) == ["", "p"]
