"""What would make a model version do better, in the figures of its longest windows."""

from typing import Annotated

from pydantic import Field

from tidegauge.contract.base import Record, Share
from tidegauge.core.improve.segments import MAX_SEGMENTS
from tidegauge.core.improve.threshold import COST_THRESHOLDS
from tidegauge.core.stats.scorebins import N_BINS


class GainFigures(Record):
    """What a change would bring, above 0 where it makes the model better."""

    value: float
    low: float
    """Ends of the 95 % interval. A change is worth making when this one is above 0."""
    high: float


class CostFigures(Record):
    """What a prediction would cost on average under one threshold."""

    threshold: Share
    cost: float


class ThresholdFigures(Record):
    """The threshold of least cost, given the costs that are set, beside the model's decisions."""

    labelled: Annotated[int, Field(ge=1)]
    """Labelled predictions with a score: sample count of all that follows."""
    in_use: Share | None
    """The threshold that repeats most of the model's decisions; null: positive is never said."""
    agreement: Share
    """Share of the decisions that it repeats; far below 1 they follow no single threshold."""
    best: Share | None
    """Call scores from here on positive; null: call none positive. An edge of the score bins, which
    are 0.01 wide and finer next to 0 and 1."""
    cost: float
    """Mean cost of a prediction as the model decided."""
    best_cost: float
    """Mean cost under ``best`` on the predictions it was chosen on, which flatters it."""
    gain: GainFigures
    """How much less a prediction costs, judged on other predictions than those that the threshold
    was chosen on (cross-fitted), so it can be less than ``cost - best_cost``, and below 0."""
    costs: Annotated[list[CostFigures], Field(max_length=len(COST_THRESHOLDS))]
    """The cost curve, by ascending threshold."""


class CalibrationStepFigures(Record):
    """One step of the calibration map."""

    score: Share
    """Where it begins; it ends at the next one."""
    rate: Share
    """How often such scores came true."""
    labelled: Annotated[int, Field(ge=1)]


class RecalibrationFigures(Record):
    """What scores should be mapped to, and what that brings.

    Scores count as the middle of their bin.
    """

    labelled: Annotated[int, Field(ge=1)]
    """Labelled predictions with a score: sample count of all that follows."""
    brier_gain: GainFigures
    """How much lower the Brier score would be, cross-fitted as that of a threshold."""
    log_loss_gain: GainFigures
    """Likewise the log loss, in nats."""
    steps: Annotated[list[CalibrationStepFigures], Field(min_length=1, max_length=N_BINS)]
    """The map, by ascending score; rates rise from step to step (isotonic regression)."""


class SegmentGainFigures(Record):
    """What bringing a segment to the average of its version would gain.

    Errors avoided are counted, or for a regression model absolute errors summed.
    """

    field: str
    value: str
    labelled: Annotated[int, Field(ge=1)]
    """Labelled predictions of the segment: sample count of all that follows."""
    mean: Annotated[float, Field(ge=0)]
    """Its error rate, or mean absolute error."""
    average: Annotated[float, Field(ge=0)]
    """The same of the whole version."""
    excess: float
    """Errors beyond the average, as counted: ``labelled * (mean - average)``."""
    gain: GainFigures
    """Of the excess what is not likely to be chance (shrunk by empirical Bayes), in the window."""
    share: Share | None
    """``gain`` as a share of all errors of the version; shares of segments of different fields
    overlap."""


class ImprovementFigures(Record):
    """What would make the version do better. Gains are not to be added up: they overlap."""

    threshold: ThresholdFigures | None
    """Of a binary model with scores; null for others, and with too few labels of either class."""
    recalibration: RecalibrationFigures | None
    """Likewise."""
    segments: Annotated[list[SegmentGainFigures], Field(max_length=MAX_SEGMENTS)]
    """The surest gain first; those that gain nothing are left out."""
