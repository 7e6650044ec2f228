"""How many false alarms calibrated detectors raise on streams that do not change.

    python benchmarks/false_alarms.py [--streams 30] [--rare 100] [--save]

Each stream learns three days and is watched for fourteen, at a budget that is far above what anyone
would set, so that there are enough alarms to count: an alarm a day, and with ``--rare`` as many
streams at a tenth of that. Counted are

- *detections*: panes in which a detector finds something, whatever its size. These are what is
  calibrated;
- *alerts*: those whose effect reaches the minimum (0.5 standard deviations, 0.2 on the arcsine
  scale). Where panes hold many samples, hardly any does.

Intervals are 95 % bootstrap intervals over streams, since one that learned a level a little off
raises more than its share.
"""

import argparse
import time

import numpy as np

import results
from conditions import PANES_A_DAY, STILL, Condition
from tidegauge.core.config import DAY, DetectionConfig
from tidegauge.core.detect.feed import Feed
from tidegauge.core.detect.recent import RecentPane
from tidegauge.core.detect.stream import WEEK, DetectorStream
from tidegauge.core.detect.verdict import StreamKind

CONFIG = DetectionConfig()
LEARNED = CONFIG.learn_ms // DAY * PANES_A_DAY
WATCHED_DAYS = 14
BUDGET = 7.0
"""False alarms per stream and week; and a tenth of it."""
RESAMPLES = 2_000


class Counted:
    """Detections and alerts of one stream."""

    def __init__(self, condition: Condition, seed: int, budget: float) -> None:
        values = condition.draw(np.random.default_rng(seed), LEARNED + WATCHED_DAYS * PANES_A_DAY)
        stream = DetectorStream(condition.kind, CONFIG)
        self.alerts = self.detections = 0
        self.calibration_ns = 0
        for pane in condition.panes(values):
            started = time.process_time_ns()
            verdict = stream.step(pane, lambda: budget)
            if stream.baseline is None:
                continue
            if not self.calibration_ns:
                self.calibration_ns = time.process_time_ns() - started
                feed = Feed(stream.baseline)
                continue
            self.alerts += verdict.opened
            rate = condition.kind is StreamKind.RATE
            level = stream.baseline.level(pane.start_ms, pane.end_ms)
            mean = pane.total / pane.count if rate else pane.total
            watched = RecentPane(pane.start_ms, pane.end_ms, pane.count, mean, level)
            self.detections += bool(feed.push(watched))


def ratio(counts: list[int], expected: float, rng: np.random.Generator) -> list[float]:
    """Counted over expected, and its interval."""
    drawn = rng.choice(np.array(counts), (RESAMPLES, len(counts))).mean(axis=1) / expected
    low, high = np.quantile(drawn, [0.025, 0.975])
    return [float(np.mean(counts) / expected), float(low), float(high)]


def measure(name: str, streams: int, budget: float) -> dict[str, object]:
    """One condition at one budget."""
    number = list(STILL).index(name)
    counted = [Counted(STILL[name], 1_000_000 * number + s, budget) for s in range(streams)]
    expected = budget * WATCHED_DAYS * DAY / WEEK
    rng = np.random.default_rng(number)
    return {
        "condition": name,
        "expected": expected * streams,
        "detections": ratio([c.detections for c in counted], expected, rng),
        "alerts": ratio([c.alerts for c in counted], expected, rng),
        "calibration_ms": float(np.median([c.calibration_ns for c in counted])) / 1e6,
    }


def main() -> None:
    """Measure all conditions."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--streams", type=int, default=30, help="streams of each condition")
    parser.add_argument("--rare", type=int, default=0, help="streams at a tenth of the budget")
    parser.add_argument("--save", action="store_true", help=results.SAVE_HELP)
    options = parser.parse_args()
    figures: dict[str, list[dict[str, object]]] = {"often": [], "rare": []}
    for key, streams, budget in (
        ("often", options.streams, BUDGET),
        ("rare", options.rare, BUDGET / 10.0),
    ):
        for name in STILL if streams else ():
            figures[key].append(measure(name, streams, budget))
            print(key, figures[key][-1], flush=True)
    parameters = {"streams": options.streams, "rare_streams": options.rare}
    results.finish("false-alarms", parameters, figures, save=options.save)


if __name__ == "__main__":
    main()
