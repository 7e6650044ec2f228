"""How the panes of a stream become updates of its detectors.

Each pane that holds anything gives one score (`tidegauge.core.detect.calibrate`), which all
detectors are fed. Rounding to whole units is carried over, so the sum of what is fed stays right.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from tidegauge.core.detect.baseline import Baseline
from tidegauge.core.detect.calibrate import RESOLUTION
from tidegauge.core.detect.detectors import AdaptiveWindow, Detection, TwoSidedPageHinkley
from tidegauge.core.detect.recent import RecentPane
from tidegauge.core.detect.ring import RingDetector


class Feed:
    """Takes panes, tells what the detectors found."""

    def __init__(self, baseline: Baseline, state: Sequence[Any] = ()) -> None:
        """Start, or go on from what `to_state` gave."""
        tests, delta, limit = baseline.thresholds
        before, owed, page_hinkley, adwin = state or (0.0, 0.0, [()] * len(tests), ())
        self._deviation = baseline.deviation
        self._scoring = baseline.scoring
        self._before: float = before
        self._owed: float = owed
        self._limit = limit
        self._page_hinkley = [
            RingDetector(
                partial(TwoSidedPageHinkley, threshold, allowance), scale=RESOLUTION, ring=r
            )
            for (allowance, threshold), r in zip(tests, page_hinkley, strict=True)
        ]
        self._adwin = (
            None
            if delta is None
            else RingDetector(partial(AdaptiveWindow, delta), scale=RESOLUTION, ring=adwin)
        )

    def push(self, pane: RecentPane) -> list[Detection]:
        """Feed the next pane; at most one detection of each detector."""
        self._owed += self._score(pane) / RESOLUTION
        units = round(self._owed)
        self._owed -= units
        adwin = () if self._adwin is None else (self._adwin,)
        found = [detector.push(units) for detector in (*self._page_hinkley, *adwin)]
        return [detection for detection in found if detection is not None]

    def _score(self, pane: RecentPane) -> float:
        scoring = self._scoring
        samples = min(float(pane.count), scoring.typical)
        residual = (pane.mean - pane.expected) / self._deviation * math.sqrt(samples)
        now = scoring.tempered(residual) - scoring.centre
        score = (now - scoring.persistence * self._before) / scoring.spread
        self._before = now
        return max(-self._limit, min(self._limit, score))

    def to_state(self) -> list[Any]:
        """Plain lists and numbers, as the constructor takes them."""
        return [
            self._before,
            self._owed,
            [test.ring for test in self._page_hinkley],
            [] if self._adwin is None else self._adwin.ring,
        ]
