"""Every kind of alert has a name of its own, words for people, and a section that explains it."""

from pathlib import Path

import pytest

from tidegauge.core.alertrecords import Effect
from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.monitor.alerts import NAMES, stream_causes
from tidegauge.core.monitor.streams import TARGETS, StreamKey, Subject
from tidegauge.dashboards.causes import _EFFECTS
from tidegauge.live.trouble import EFFECTS

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("subject", list(Subject))
def test_every_kind_has_a_section_with_all_its_parts(subject: Subject) -> None:
    _, _, rest = PAGE.partition(f"\n## {NAMES[subject]}\n")
    section, _, _ = rest.partition("\n## ")
    do = "**do**" if "**do**" in section else "**Do**"
    for part in ("**Statistic**", "**Parameters**", "**Read**", do):
        assert part in section, f"docs/alerts.md: {NAMES[subject]} lacks {part}"


@pytest.mark.parametrize("subject", list(Subject))
def test_every_kind_says_what_changed(subject: Subject) -> None:
    (cause,) = stream_causes(StreamKey(subject, "x"), Verdict(Phase.FIRING, baseline=1.0))
    assert ("wanted" if subject in TARGETS else "1 before") in cause.summary


def test_every_effect_of_a_cause_has_words_for_people_and_a_colour() -> None:
    assert set(EFFECTS) == set(Effect)
    assert {value for value, *_ in _EFFECTS} == set(Effect)
