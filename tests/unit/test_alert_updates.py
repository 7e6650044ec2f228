"""When an alert that fires is told anew, as its causes change."""

from collections.abc import Sequence

import pytest

from tidegauge.core.alertrecords import Cause, CauseKind, Effect, Versions
from tidegauge.core.config import HOUR, MINUTE, DetectionConfig
from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.monitor.lifecycle import LOOKS, AlertBook, Told
from tidegauge.core.monitor.streams import StreamKey, Subject

RULES = DetectionConfig()
KEY = StreamKey(Subject.ERROR_RATE)


def cause(name: str, share: float) -> Cause:
    return Cause(kind=CauseKind.SEGMENT, effect=Effect.CONCEPT_SHIFT, name=name, contribution=share)


def told_first(looks: Sequence[Sequence[Cause]], effect: float = 0.3) -> list[str]:
    """The first cause of each event of an alert that is looked at so often."""
    book = AlertBook("m", RULES, HOUR)
    told = []
    for at, causes in enumerate(looks):
        time = at * RULES.update_ms
        verdict = Verdict(
            Phase.FIRING,
            opened=not at,
            firing_since_ms=0,
            effect=effect,
            min_effect=0.2,
            window_start_ms=time,
            window_end_ms=time + MINUTE,
        )
        assert book.asks(KEY, verdict)
        record = book.decide(KEY, verdict, Told(tuple(causes), Versions()))
        if record is not None:
            told.append(record.causes[0].name if record.causes else "")
    return told


NORTH = [cause("north", 0.8), cause("south", 0.1)]
SOUTH = [cause("south", 0.8), cause("north", 0.1)]
EVEN = [cause("south", 0.5), cause("north", 0.4)]


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ([NORTH] * 9, ["north"]),
        ([NORTH, *[SOUTH] * LOOKS], ["north", "south"]),
        ([NORTH, *[SOUTH] * (LOOKS - 1), *[NORTH] * 5], ["north"]),
        ([NORTH, SOUTH] * 9, ["north"]),
        ([NORTH, *[EVEN] * 9], ["north"]),
        ([NORTH, [cause("south", 0.8)], NORTH, [cause("south", 0.8)], NORTH], ["north"]),
        ([[], NORTH], ["", "north"]),
    ],
    ids=["one", "another stays", "it does not stay", "to and fro", "even", "one vanishes", "none"],
)
def test_another_cause_is_told_once_it_has_led_for_long_enough(
    looks: list[list[Cause]], told: list[str]
) -> None:
    assert told_first(looks) == told
