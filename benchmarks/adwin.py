"""How often ADWIN raises a false alarm on independent scores, by its confidence.

    python benchmarks/adwin.py [--scores 8000000]

The counts behind `tidegauge.core.detect.adwinrate`: standard normal scores through the ring that
detectors are fed by, cut at four.
"""

import argparse
from functools import partial

import numpy as np

from tidegauge.core.detect.adwinrate import COUNTED
from tidegauge.core.detect.calibrate import RESOLUTION
from tidegauge.core.detect.detectors import AdaptiveWindow
from tidegauge.core.detect.ring import RingDetector


def main() -> None:
    """Count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scores", type=int, default=8_000_000)
    options = parser.parse_args()
    scores = np.random.default_rng(3).normal(size=options.scores).clip(-4.0, 4.0)
    units = np.rint(scores / RESOLUTION).astype(int).tolist()
    for delta, known in COUNTED:
        detector = RingDetector(partial(AdaptiveWindow, delta), scale=RESOLUTION)
        alarms = sum(detector.push(unit) is not None for unit in units)
        print(f"delta {delta}: {alarms / len(units):.2g} counted, {known:.2g} in the table")


if __name__ == "__main__":
    main()
