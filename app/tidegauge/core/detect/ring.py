"""A detector that can be stored: defined by its recent inputs, never by its internals.

The detector *is* a fresh one fed with the ring. Between epochs the live object is only a short cut:
it is fed as inputs come. At an epoch (the ring is full: its older half leaves) and at a detection
(all of it leaves) the live object is rebuilt from the ring as well. So a restore after any input
gives what never having been restored gives, and nothing has to be unpickled.
"""

from collections.abc import Callable, Sequence

from tidegauge.core.detect.detectors import Detection, Detector

EPOCH = 128
"""Inputs kept at an epoch; a ring holds fewer than twice as many."""


class RingDetector:
    """A detector and the ring of inputs that defines it.

    An input is an integer, fed as ``scale`` times it. Integers leave no way for a NaN to get in,
    and pack small.
    """

    def __init__(
        self,
        make: Callable[[], Detector],
        *,
        scale: float,
        epoch: int = EPOCH,
        ring: Sequence[int] = (),
    ) -> None:
        """Build the detector and feed it the ring.

        Args:
            make: Builds a fresh detector.
            scale: What one unit is worth.
            epoch: Inputs kept at an epoch.
            ring: The inputs, as `ring` gave them.
        """
        self._make = make
        self._epoch = epoch
        self._scale = scale
        self._ring = list(ring)
        self._live = self._rebuilt()

    @property
    def ring(self) -> list[int]:
        """The inputs that define the detector: all of its state."""
        return list(self._ring)

    def push(self, units: int) -> Detection | None:
        """Feed one input; tells what was detected with it."""
        self._ring.append(units)
        if self._live.update(self._scale * units):
            detection = self._live.detection()
            self._ring.clear()
            self._live = self._rebuilt()
            return detection
        if len(self._ring) >= 2 * self._epoch:
            del self._ring[: self._epoch]
            self._live = self._rebuilt()
        return None

    def _rebuilt(self) -> Detector:
        detector = self._make()
        for units in self._ring:
            detector.update(self._scale * units)
        return detector
