"""River's detectors behind one protocol.

A detector here is never stored: `ring.RingDetector` rebuilds it from its recent inputs.
"""

from typing import NamedTuple, Protocol

from tidegauge.core.detect.river import ADWIN, PageHinkley


class Detection(NamedTuple):
    """A detector found a change."""

    detector: str
    statistic: float | None
    """What the detector compared with its threshold; None if it does not tell."""
    threshold: float | None


class Detector(Protocol):
    """Reads one finite value after the other and says when their mean has changed."""

    def update(self, value: float) -> bool:
        """Feed one value; tells whether a change was detected with it."""

    def detection(self) -> Detection:
        """What it found with the last value, which was a change."""


class AdaptiveWindow:
    """ADWIN: a window that drops its older part when the means of the two parts differ.

    Its bound follows from the window's own variance and takes the values for independent.

    Reference: A. Bifet and R. Gavaldà, "Learning from time-changing data with adaptive windowing",
    SIAM International Conference on Data Mining, 2007.
    """

    CLOCK = 4
    """It looks for a change at every so many-th value."""

    def __init__(self, delta: float) -> None:
        """Build it empty, with confidence ``delta``: smaller is less sensitive."""
        self._adwin = ADWIN(delta=delta, clock=self.CLOCK)

    def update(self, value: float) -> bool:
        """See `Detector.update`."""
        self._adwin.update(value)
        return bool(self._adwin.drift_detected)

    def detection(self) -> Detection:
        """See `Detector.detection`; river tells neither ADWIN's statistic nor its bound."""
        return Detection("adwin", None, None)


class TwoSidedPageHinkley(PageHinkley):  # type: ignore[misc]  # river ships no types
    """Page-Hinkley in both directions, anchored at zero and without forgetting.

    River's test lets its reference follow the running mean and forgets old sums. Here the reference
    is the baseline, which scores are deviations from, so a level that is off from the first value
    on is found as well, and the test is Page's two-sided CUSUM, whose false-alarm rate is known
    (`tidegauge.core.detect.arl`).

    Reference: E. S. Page, "Continuous inspection schemes", Biometrika 41, 1954.
    """

    ANCHOR = 1e15
    """Weight of the zero that the running mean starts from."""

    def __init__(self, threshold: float, delta: float) -> None:
        """Build it anchored.

        Args:
            threshold: Accumulated deviation that is a change.
            delta: Deviation of one value that is tolerated.
        """
        super().__init__(min_instances=1, delta=delta, threshold=threshold, alpha=1.0)
        self._x_mean.update(0.0, self.ANCHOR)
        super().update(0.0)

    def update(self, value: float) -> bool:
        """See `Detector.update`."""
        super().update(value)
        return bool(self._drift_detected)

    def detection(self) -> Detection:
        """See `Detector.detection`."""
        up = self._sum_increase - self._min_increase
        down = self._max_decrease - self._sum_decrease
        return Detection("page_hinkley", float(max(up, down)), self.threshold)
