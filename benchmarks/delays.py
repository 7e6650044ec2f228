"""How soon changes are found, beside river's detectors at the same rate of false alarms.

    python benchmarks/delays.py [--trials 200] [--save]

A stream of a pane a minute is still for three days, and after another 200 panes it changes:
suddenly; *gradually* (old and new values mixed, the new ones ever more often over an hour);
*incrementally* (its level moves over an hour); *recurring* (the new level for half an hour of every
hour). The delay is the number of panes to the first alarm after the change, at most `LONGEST`.

river's ADWIN, PageHinkley and, on errors, HDDM_A and HDDM_W are fed the same values raw, with the
parameter that gives them on average one false alarm a day on the same kind of stream; it is found
by bisection. Tidegauge is measured by its alerts, at a budget of an alarm a day, learning included:
every tenth trial learns anew. For orientation: Lorden's bound ``ln(ARL) / KL`` on what any detector
can reach, one that always fires (no delay, 1,440 false alarms a day), and one that never does.

Reference: G. Lorden, "Procedures for reacting to a change in distribution", Annals of Mathematical
Statistics 42, 1971.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from river.drift import ADWIN, PageHinkley
from river.drift.binary import HDDMA, HDDMW

import results
from conditions import PANES_A_DAY, STILL, Condition, Values
from false_alarms import BUDGET, CONFIG, LEARNED
from tidegauge.core.detect.stream import DetectorStream

BEFORE = 200
LONGEST = 500
RAMP = 60
ARL = float(PANES_A_DAY)
TRIALS_OF_A_STREAM = 10
RESAMPLES = 2_000
BISECTIONS = 9

Detector = Any
Make = Callable[[float], Detector]


class Raw(NamedTuple):
    """One of river's detectors and the parameter that sets its rate of false alarms."""

    make: Make
    quiet: float
    """The parameter at which it hardly ever sounds."""
    loud: float


RAW = {
    "ADWIN": Raw(lambda p: ADWIN(delta=p, clock=1), 1e-9, 0.9),
    "PageHinkley": Raw(lambda p: PageHinkley(threshold=p), 2_000.0, 0.5),
    "HDDM_A": Raw(lambda p: HDDMA(drift_confidence=p, warning_confidence=0.999), 1e-12, 0.9),
    "HDDM_W": Raw(lambda p: HDDMW(drift_confidence=p, warning_confidence=0.999), 1e-12, 0.9),
}
BINARY = ("HDDM_A", "HDDM_W")


class Change(NamedTuple):
    """A condition and by how much its level moves."""

    condition: str
    size: float
    divergence: float
    """Kullback-Leibler divergence of a pane's new distribution, given the panes before it."""


def _bernoulli(new: float, old: float = 0.1) -> float:
    return new * math.log(new / old) + (1.0 - new) * math.log((1.0 - new) / (1.0 - old))


ERRORS, NORMAL, PERSISTENT = "Bernoulli 0.1, one trial a pane", "N(0, 1)", "AR(1) 0.5"
CHANGES = (
    *(Change(ERRORS, new - 0.1, _bernoulli(new)) for new in (0.2, 0.3, 0.5)),
    *(Change(NORMAL, size, size**2 / 2.0) for size in (0.5, 1.0, 2.0)),
    # the innovations move by (1 - 0.5) sizes, and have variance 1 - 0.5^2
    *(Change(PERSISTENT, size, (size * 0.5) ** 2 / 0.75 / 2.0) for size in (1.0, 2.0)),
)


def sudden(at: Values) -> Values:
    """Where the change is in full effect (1) and where not (0), by panes since it began."""
    return np.ones(len(at))


def gradual(at: Values) -> Values:
    """How often the new value comes."""
    return np.minimum(1.0, (at + 1.0) / RAMP)


def recurring(at: Values) -> Values:
    """On for half of each period."""
    return (at % RAMP < RAMP / 2).astype(float)


SHAPES: dict[str, Callable[[Values], Values]] = {
    "sudden": sudden,
    "gradual": gradual,
    "incremental": gradual,
    "recurring": recurring,
}


def changed(change: Change, shape: str, rng: Generator) -> Values:
    """Means of panes, still for `BEFORE` of them."""
    condition = STILL[change.condition]
    values = condition.draw(rng, BEFORE + LONGEST)
    part = np.concatenate([np.zeros(BEFORE), SHAPES[shape](np.arange(LONGEST, dtype=float))])
    if shape == "gradual":
        part = (rng.random(len(part)) < part).astype(float)
    if change.condition == ERRORS:
        # of the trials that were right, so many go wrong that the rate is the new one
        extra = change.size / (1.0 - 0.1)
        return np.maximum(values, rng.random(len(values)) < extra * part)
    return values + change.size * part


def alarms_of(detector: Detector, values: Sequence[float]) -> int:
    """How often a detector sounds."""
    count = 0
    for value in values:
        detector.update(value)
        count += detector.drift_detected
    return count


def tuned(name: str, condition: Condition, seed: int, days: int) -> float:
    """The parameter with which a raw detector gives one false alarm a day."""
    values = condition.draw(np.random.default_rng(seed), days * PANES_A_DAY).tolist()
    if name in BINARY:
        values = [bool(value) for value in values]
    raw = RAW[name]
    quiet, loud = math.log(raw.quiet), math.log(raw.loud)
    for _ in range(BISECTIONS):
        middle = (quiet + loud) / 2.0
        if alarms_of(raw.make(math.exp(middle)), values) > days:
            loud = middle
        else:
            quiet = middle
    return math.exp(quiet)


def raw_delay(detector: Detector, values: Sequence[float]) -> int:
    """Panes from the change to the first alarm; the detector restarts after one before it."""
    for at, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected and at >= BEFORE:
            return at - BEFORE + 1
    return LONGEST


class Learned:
    """A stream that has learned, to be taken up by each trial."""

    def __init__(self, condition: Condition, seed: int) -> None:
        self._condition = condition
        values = condition.draw(np.random.default_rng(seed), LEARNED + 1)
        stream = DetectorStream(condition.kind, CONFIG)
        for pane in condition.panes(values):
            stream.step(pane, lambda: BUDGET)
        self._state = stream.to_state()

    def delay(self, values: Values) -> int | None:
        """Panes from the change to the alert; None if a false one was open."""
        stream = DetectorStream.from_state(self._condition.kind, CONFIG, self._state)
        for at, pane in enumerate(self._condition.panes(values, LEARNED + 1)):
            verdict = stream.step(pane, lambda: BUDGET)
            if at < BEFORE:
                continue
            if verdict.opened:
                return at - BEFORE + 1
            if at == BEFORE and verdict.firing_since_ms is not None:
                return None
        return LONGEST


def interval(delays: Sequence[int], rng: Generator) -> list[float]:
    """Mean delay with its 95 % bootstrap interval."""
    drawn = rng.choice(np.array(delays), (RESAMPLES, len(delays))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return [float(np.mean(delays)), float(low), float(high)]


def measure(trials: int, days: int) -> list[dict[str, Any]]:
    """All changes of all shapes."""
    found = []
    names = (ERRORS, NORMAL, PERSISTENT)
    parameters = {
        (condition, name): tuned(name, STILL[condition], 7, days)
        for condition in names
        for name in RAW
        if name not in BINARY or condition == ERRORS
    }
    learned = {
        name: [Learned(STILL[name], 100 + s) for s in range(max(2, trials // TRIALS_OF_A_STREAM))]
        for name in names
    }
    for change in CHANGES:
        for shape in SHAPES:
            rng = np.random.default_rng([CHANGES.index(change), list(SHAPES).index(shape)])
            delays: dict[str, list[int]] = {"Tidegauge": []}
            for trial in range(trials):
                values = changed(change, shape, rng)
                streams = learned[change.condition]
                own = streams[trial % len(streams)].delay(values)
                if own is not None:
                    delays["Tidegauge"].append(own)
                for (condition, name), parameter in parameters.items():
                    if condition == change.condition:
                        detector = RAW[name].make(parameter)
                        fed = values.tolist()
                        if name in BINARY:
                            fed = [bool(value) for value in fed]
                        delays.setdefault(name, []).append(raw_delay(detector, fed))
            found.append(
                {
                    "condition": change.condition,
                    "size": change.size,
                    "shape": shape,
                    "bound": math.log(ARL) / change.divergence,
                    "delays": {name: interval(each, rng) for name, each in delays.items()},
                }
            )
            print(found[-1], flush=True)
    return found


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=200, help="changes of each kind")
    parser.add_argument("--days", type=int, default=60, help="still days to tune raw detectors on")
    parser.add_argument("--save", action="store_true", help=results.SAVE_HELP)
    options = parser.parse_args()
    figures = {"changes": measure(options.trials, options.days)}
    parameters = {"trials": options.trials, "days_to_tune": options.days}
    results.finish("detection-delays", parameters, figures, save=options.save)


if __name__ == "__main__":
    main()
