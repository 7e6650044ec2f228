"""What goes into a detector stream and what comes out of it."""

from enum import StrEnum
from typing import NamedTuple

import msgspec


class StreamKind(StrEnum):
    """What the figures of a stream's panes are."""

    RATE = "rate"
    """Errors of trials, or another share: missing values, unseen categories."""
    MEAN = "mean"
    """The mean of a feature or of a score."""
    COUNT = "count"
    """How many came in a pane, itself one sample; only a loss is a change that counts."""
    COVERAGE = "coverage"
    """A share of which only a fall is a change that counts."""
    FAULTS = "faults"
    """A share of which only a rise is a change that counts."""
    SILENCE = "silence"
    """For how long none has come (`tidegauge.core.detect.age`)."""
    STILL = "still"
    """For how long numbers have been the same."""

    @property
    def is_rate(self) -> bool:
        """Whether panes give trials and how many of them were so."""
        return self in {StreamKind.RATE, StreamKind.COVERAGE, StreamKind.FAULTS}

    @property
    def is_age(self) -> bool:
        """Whether the figure is how long ago something was."""
        return self in {StreamKind.SILENCE, StreamKind.STILL}

    @property
    def only_falls(self) -> bool:
        """Whether a rise is no change that counts."""
        return self in {StreamKind.COUNT, StreamKind.COVERAGE}


class Phase(StrEnum):
    """Where a stream stands."""

    LEARNING = "learning"
    """It has no baseline yet, and raises no alarm."""
    WATCHING = "watching"
    FIRING = "firing"


class PaneInput(msgspec.Struct, frozen=True, gc=False):
    """One closed, merged pane of a stream."""

    start_ms: int
    end_ms: int
    """Exclusive."""
    count: int
    """Trials of a rate; values of a mean. A pane of 0 is ignored."""
    total: float
    """The number of errors of a rate; the exact mean of a mean; a count."""
    deviation: float = 0.0
    """Of a mean: the standard deviation of the values in the pane. Cohen's d is in terms of it;
    without it, pane means alone tell the spread, and changes look larger than they are."""


class Target(NamedTuple):
    """What a stream is held to in place of its own past: a mean that must not be exceeded."""

    value: float
    """Positive."""
    margin: float
    """The part of ``value`` by which it must be exceeded to be worth an alert."""


class Verdict(NamedTuple):
    """What a stream says after one pane.

    The figures are those from ``window_start_ms`` to ``window_end_ms``: since the onset when an
    alert opens, else over the stream's latest panes. They are None while learning or before any
    pane is watched.
    """

    phase: Phase
    opened: bool = False
    """This pane opened an alert; its ground is `detectors`."""
    resolved: bool = False
    """This pane ended the alert."""
    firing_since_ms: int | None = None
    """When the change that is firing or resolved now most likely began."""
    detectors: tuple[str, ...] = ()
    """Names of the detectors that found the change of the alert that is firing or resolved now."""
    statistic: float | None = None
    """Of the first of them, when it found the change; None if it does not tell (ADWIN)."""
    threshold: float | None = None
    """What ``statistic`` exceeded."""
    baseline: float | None = None
    """The rate or mean that is normal for these panes, the daily season included."""
    current: float | None = None
    effect: float | None = None
    """Cohen's h of a rate, Cohen's d of a mean, the part by which a count changed or a target is
    exceeded; its sign is the direction of the change."""
    min_effect: float = 0.0
    """The magnitude of ``effect`` from which on a detection counts."""
    samples: int = 0
    """Trials or values in the window."""
    deviation: float | None = None
    """Of single values, in what the baseline was learned from."""
    baseline_samples: int = 0
    """Trials or values that the baseline was learned from."""
    window_start_ms: int | None = None
    window_end_ms: int | None = None
    learned: float = 1.0
    """Part of what is needed to learn from that has come; below 1 while learning."""
