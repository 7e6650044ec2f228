"""Which windows a row compares: the newest one, the newest that can be judged, and its baseline.

* Traffic and drift are those of the newest closed window; side by side with others, those of the
  window that is judged, which is then the same for all.
* Quality is that of the newest closed window in which at least half of the predictions have their
  label; labels take their time. If there is none, of the newest with any label.
* The baseline of quality is the median over as many as `USUAL_WINDOWS` such windows before that: a
  single one may have been a bad day. While an alert fires they are those that ended before the
  earliest firing alert began: what comes after would soon be as bad. Where none was read that is so
  old, it is the oldest one, and the comparison says so.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.records import MetricRecord, WindowState

ENOUGH_COVERAGE: Final = 0.5
USUAL_WINDOWS: Final = 24
STILL_RUNNING: Final = 3
"""A scope that has no window to judge among so many of the newest has ended, or is too rare."""


class Baseline(StrEnum):
    """What quality is compared with."""

    BEFORE_ALERT = "before the alert"
    PREVIOUS = "before"
    OLDEST = "oldest"
    """An alert fires, and it began before any window that was read."""
    NONE = "none"


class Comparison(NamedTuple):
    """The windows of one scope that a row shows.

    Attributes:
        newest: For traffic and drift; None before any window.
        judged: For quality; None without labels.
        usual: What quality is compared with, by the median.
        baseline: What ``usual`` is.
    """

    newest: MetricRecord | None = None
    judged: MetricRecord | None = None
    usual: Sequence[MetricRecord] = ()
    baseline: Baseline = Baseline.NONE


def trouble_since(firing: Sequence[AlertRecord]) -> int | None:
    """When the earliest of the firing alerts began, in event time."""
    return min((alert.starts_at_ms for alert in firing), default=None)


def side_by_side(
    scopes: Iterable[Sequence[MetricRecord]], trouble_ms: int | None
) -> list[Comparison]:
    """Choose from the windows of several scopes: the same one to judge, for all that have it.

    Args:
        scopes: Of each scope the windows of one size, in order of time.
        trouble_ms: See `compare`.
    """
    alone = [(windows, compare(windows, trouble_ms)) for windows in scopes]
    judged = [c.judged for _, c in alone if c.judged is not None]
    newest = max((window.end_ms for window in judged), default=0)
    # what ended long ago is not waited for
    since = newest - STILL_RUNNING * max((w.end_ms - w.start_ms for w in judged), default=0)
    common = min((w.end_ms for w in judged if w.end_ms > since), default=0)
    return [
        compare([w for w in windows if w.end_ms <= common], trouble_ms)
        if found.judged is not None and found.judged.end_ms > common
        else found
        for windows, found in alone
    ]


def compare(windows: Sequence[MetricRecord], trouble_ms: int | None) -> Comparison:
    """Choose from the windows of one scope and size.

    Args:
        windows: In order of time.
        trouble_ms: When the earliest firing alert began; None if none fires.
    """
    closed = [w for w in windows if w.state is not WindowState.OPEN] or list(windows)
    if not closed:
        return Comparison()
    judgeable = judgeable_windows(closed)
    if not judgeable:
        return Comparison(closed[-1])
    judged, earlier = judgeable[-1], judgeable[:-1]
    if not earlier:
        return Comparison(closed[-1], judged)
    if trouble_ms is None or judged.end_ms <= trouble_ms:
        return Comparison(closed[-1], judged, earlier[-USUAL_WINDOWS:], Baseline.PREVIOUS)
    untroubled = [window for window in earlier if window.end_ms <= trouble_ms]
    if untroubled:
        usual = untroubled[-USUAL_WINDOWS:]
        return Comparison(closed[-1], judged, usual, Baseline.BEFORE_ALERT)
    return Comparison(closed[-1], judged, earlier[:1], Baseline.OLDEST)


def judgeable_windows(closed: Sequence[MetricRecord]) -> list[MetricRecord]:
    """Those whose quality can be told: half of the labels are there, or any if none has half."""
    labelled = [window for window in closed if window.labelled]
    covered = [w for w in labelled if (w.label_coverage or 0.0) >= ENOUGH_COVERAGE]
    return covered or labelled
