"""A detector that can be stored: defined by its recent inputs, never by its internals.

The detector *is* a fresh one fed with the ring. Between epochs the live object is only a short cut:
it is fed as inputs come. At an epoch (the ring is full: its older half leaves) and at a detection
(all of it leaves) the live object is rebuilt from the ring as well. So a restore after any input
gives what never having been restored gives, and nothing has to be unpickled.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from tidegauge.core.detect.detectors import Detection, Detector


class RingDetector:
    """A detector and the ring of inputs that defines it.

    An input is a pair of integers ``(updates, units)``: ``units`` spread evenly over ``updates``
    values, each then taken as ``offset + scale * value``. ``(10, 3)`` is ten trials with three
    errors; ``(1, -40)`` is one value of -40 units. Integers leave no way for a NaN to get in, and
    pack small.
    """

    def __init__(
        self,
        make: Callable[[], Detector],
        *,
        epoch: int,
        scale: float = 1.0,
        offset: float = 0.0,
        ring: Sequence[int] = (),
    ) -> None:
        """Build the detector and feed it the ring.

        Args:
            make: Builds a fresh detector.
            epoch: Inputs kept at an epoch; the ring holds fewer than twice as many.
            scale: What one unit is worth.
            offset: Added to each value.
            ring: The inputs, updates and units by turns, as `ring` gave them.
        """
        self._make = make
        self._epoch = epoch
        self._scale = scale
        self._offset = offset
        self._ring = list(ring)
        self._live = self._rebuilt()

    @property
    def ring(self) -> list[int]:
        """The inputs that define the detector, updates and units by turns: all of its state."""
        return list(self._ring)

    def push(self, updates: int, units: int) -> Detection | None:
        """Feed one input; tells what was detected with it.

        What is left of the input after a detection belongs to what was detected, and is not fed.
        """
        self._ring += (updates, units)
        for value in self._values(updates, units):
            if self._live.update(value):
                detection = self._live.detection()
                self._ring.clear()
                self._live = self._rebuilt()
                return detection
        if len(self._ring) >= 4 * self._epoch:
            del self._ring[: 2 * self._epoch]
            self._live = self._rebuilt()
        return None

    def _values(self, updates: int, units: int) -> list[float]:
        due = [units * number // updates for number in range(updates + 1)]
        return [self._offset + self._scale * (b - a) for a, b in pairwise(due)]

    def _rebuilt(self) -> Detector:
        detector = self._make()
        inputs = iter(self._ring)
        for updates, units in zip(inputs, inputs, strict=True):
            for value in self._values(updates, units):
                detector.update(value)
        return detector
