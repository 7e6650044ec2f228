"""Every kind of alert has a name of its own, words for people, and a section that explains it."""

from pathlib import Path

import pytest

from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.monitor.alerts import NAMES, stream_causes
from tidegauge.core.monitor.streams import TARGETS, StreamKey, Subject

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("subject", list(Subject))
def test_every_kind_has_a_section_with_statistic_reading_and_what_to_do(subject: Subject) -> None:
    _, _, rest = PAGE.partition(f"\n## {NAMES[subject]}\n")
    section, _, _ = rest.partition("\n## ")
    for part in ("**Statistic**", "**Read**", "**do**" if "**do**" in section else "**Do**"):
        assert part in section, f"docs/alerts.md: {NAMES[subject]} lacks {part}"


@pytest.mark.parametrize("subject", list(Subject))
def test_every_kind_says_what_changed(subject: Subject) -> None:
    (cause,) = stream_causes(StreamKey(subject, "x"), Verdict(Phase.FIRING, baseline=1.0))
    assert ("wanted" if subject in TARGETS else "1 before") in cause.summary
