"""River's detectors behind one protocol.

A detector here is never stored: `ring.RingDetector` rebuilds it from its recent inputs. What is fed
is standardised, so thresholds are in standard deviations of one update.
"""

from typing import Protocol

from river.drift import ADWIN, PageHinkley


class Detector(Protocol):
    """Reads one finite value after the other and says when their mean has changed."""

    @property
    def name(self) -> str:
        """What alerts call it."""

    @property
    def statistic(self) -> float:
        """What it compares with its threshold, after the last update."""

    @property
    def threshold(self) -> float | None:
        """Where it signals a change; None if the detector sets that anew at each update."""

    def update(self, value: float) -> bool:
        """Feed one value; tells whether a change was detected with it."""


class AdaptiveWindow:
    """ADWIN: a window that drops its older part when the means of the two parts differ.

    Reference: A. Bifet and R. Gavaldà, "Learning from time-changing data with adaptive windowing",
    SIAM International Conference on Data Mining, 2007.
    """

    name = "adwin"
    threshold = None

    def __init__(self, delta: float, clock: int, normal: float) -> None:
        """Build it empty.

        Args:
            delta: Its confidence; smaller is less sensitive.
            clock: It looks for a change at every ``clock``-th value.
            normal: The value that the inputs have on average while nothing has changed.
        """
        self._normal = normal
        self._adwin = ADWIN(delta=delta, clock=clock)

    @property
    def statistic(self) -> float:
        """How far the window's mean lies from normal."""
        return abs(float(self._adwin.estimation) - self._normal)

    def update(self, value: float) -> bool:
        """See `Detector.update`."""
        self._adwin.update(value)
        return bool(self._adwin.drift_detected)


class TwoSidedPageHinkley(PageHinkley):  # type: ignore[misc]  # river ships no types
    """Page-Hinkley in both directions, anchored: it starts as if it had seen `ANCHOR` zeros.

    Unanchored, its running mean follows whatever comes first, so after a restart a level that is
    already off would be its normal. Inputs are deviations from the baseline, hence zeros.

    Reference: E. S. Page, "Continuous inspection schemes", Biometrika 41, 1954.
    """

    name = "page_hinkley"
    ANCHOR = 128

    def __init__(self, threshold: float, delta: float) -> None:
        """Build it anchored.

        Args:
            threshold: Accumulated deviation that is a change.
            delta: Deviation of one value that is tolerated.
        """
        super().__init__(min_instances=1, delta=delta, threshold=threshold)
        for _ in range(self.ANCHOR):
            super().update(0.0)

    @property
    def statistic(self) -> float:
        """The larger of the deviations accumulated upwards and downwards."""
        up = self._sum_increase - self._min_increase
        down = self._max_decrease - self._sum_decrease
        return float(max(up, down))

    def update(self, value: float) -> bool:
        """See `Detector.update`."""
        super().update(value)
        return bool(self.drift_detected)
