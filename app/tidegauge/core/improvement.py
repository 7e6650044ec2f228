"""What would make a model do better, as it is published with the longest windows.

Intervals are of 95 %. A gain is positive where something gets better.
"""

from enum import StrEnum

import msgspec


class Retrain(StrEnum):
    """What to do about errors that became more frequent."""

    FIX_DATA = "fix_data"
    """The inputs are broken: mend them first."""
    RETRAIN = "retrain"
    WAIT = "wait"
    """It may pass: it has not lasted, or is not told from chance."""
    HARDER_CASES = "harder_cases"
    """Mix shift: retraining would gain little."""


class Gain(msgspec.Struct, frozen=True):
    """What a change would bring, and the interval that it lies in."""

    value: float
    low: float
    high: float


class CostPoint(msgspec.Struct, frozen=True):
    """The mean cost of a prediction if every score from ``threshold`` on were positive."""

    threshold: float
    cost: float


class ThresholdStats(msgspec.Struct, frozen=True, kw_only=True):
    """The threshold that would cost least, beside the decisions of the model."""

    labelled: int
    """Labelled predictions with a score: sample count of all that follows."""
    in_use: float | None
    """The threshold that repeats most of the model's decisions; None: positive is never said."""
    agreement: float
    """Share of the decisions that it repeats."""
    best: float | None
    """The threshold of least cost; None: positive should never be said."""
    cost: float
    """Mean cost of a prediction as the model decided."""
    best_cost: float
    """Mean cost under ``best`` on the same predictions, which is too good (see ``gain``)."""
    gain: Gain
    """Fall of the mean cost, judged on other predictions than those it was chosen on."""
    costs: tuple[CostPoint, ...]
    """By ascending threshold."""


class CalibrationStep(msgspec.Struct, frozen=True):
    """From ``score`` on, up to the next step, a score came true in a share ``rate`` of cases."""

    score: float
    rate: float
    labelled: int


class RecalibrationStats(msgspec.Struct, frozen=True, kw_only=True):
    """What scores should be mapped to, and what that brings."""

    labelled: int
    """Labelled predictions with a score: sample count of all that follows."""
    brier_gain: Gain
    """Fall of the Brier score, judged on other predictions than those the map was made from."""
    log_loss_gain: Gain
    """Likewise of the log loss, in nats."""
    steps: tuple[CalibrationStep, ...]
    """The map, by ascending score and rate."""


class SegmentGain(msgspec.Struct, frozen=True, kw_only=True):
    """What bringing one segment to the average of its version would gain.

    Errors are counted, or for a regression model absolute errors summed.
    """

    field: str
    value: str
    labelled: int
    mean: float
    """Errors of one labelled prediction of the segment."""
    average: float
    """The same of the whole version."""
    excess: float
    """Errors beyond the average, as counted: ``labelled * (mean - average)``."""
    gain: Gain
    """The same, less what chance is likely to have added."""
    share: float | None
    """``gain`` as a share of all errors of the version."""


class ImprovementStats(msgspec.Struct, frozen=True, kw_only=True):
    """What would make one version do better."""

    threshold: ThresholdStats | None = None
    """Of a binary model with scores and enough labels."""
    recalibration: RecalibrationStats | None = None
    """Likewise."""
    segments: tuple[SegmentGain, ...] = ()
    """The surest gain first; those that gain nothing are left out."""
