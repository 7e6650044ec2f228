"""The rules by which events are joined, windowed and judged; the first four hold for each model."""

from datetime import timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from tidegauge.core.config import Costs, DetectionConfig, Limits, ReferenceConfig, Targets
from tidegauge.settings.duration import Duration, PositiveDuration
from tidegauge.settings.section import CommaList, Section

# the core holds the defaults of its own rules
_DETECTION = DetectionConfig()
_REFERENCE = ReferenceConfig()
_LIMITS = Limits()
_COSTS = Costs()
_TARGETS = Targets()

Count: TypeAlias = Annotated[int, Field(ge=1, le=100_000_000)]
Positive: TypeAlias = Annotated[float, Field(gt=0)]
Rate: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
Cost: TypeAlias = Annotated[float, Field(ge=-1e9, le=1e9)]


class ModelTime(Section):
    """How far events may be out of order."""

    out_of_orderness: Duration = timedelta(seconds=10)
    """How far behind the newest event another may be and still find its pane open: the watermark
    is stream time minus this. Panes close, and figures appear, that much later."""
    lateness: Duration = timedelta(minutes=10)
    """How far behind the watermark's stream time a prediction may come and still be counted (it
    revises its pane); also how long duplicates are recognised. Not less than
    `time.out_of_orderness`."""
    max_future: Duration = timedelta(minutes=5)
    """How far an event's timestamp may be ahead of the time at which Kafka took the record; what
    is further ahead is invalid, since one such event would close every pane."""


class TimeSettings(ModelTime):
    """Event time: disorder, skew and silence."""

    publication_skew: Duration = timedelta(seconds=2)
    """How far apart, by Kafka's clock, two partitions may show events of the same event time."""
    idle: PositiveDuration = timedelta(seconds=30)
    """Silence after which a model's time moves on by itself, so that its panes close."""


class ModelJoin(Section):
    """How long the join waits; each horizon bounds what is kept in memory."""

    label_horizon: PositiveDuration = timedelta(days=1)
    """How long after a prediction its label is awaited; then it counts as unlabelled."""
    correction_horizon: Duration = timedelta(days=1)
    """How long after a prediction its label may be corrected by a higher revision."""
    orphan_horizon: Duration = timedelta(hours=1)
    """How long feedback that came before its prediction waits for it."""


class JoinSettings(ModelJoin):
    """How predictions and feedback meet."""

    partitioner: Literal["murmur2", "crc32"] = "murmur2"
    """Which hash of the request id decides where an event is joined: `murmur2` is the default of
    the Java client and of kafka-python, `crc32` of librdkafka (confluent-kafka, kcat). Events
    published elsewhere are forwarded, so set what most of the producers use."""


class ReferenceSettings(Section):
    """When a reference profile is learned from a version's first predictions, and how fine it is.

    All of it is what later drift is measured against.
    """

    learn: PositiveDuration = timedelta(hours=1)
    """How much event time the profile is learned from, at least."""
    min_predictions: Count = _REFERENCE.min_predictions
    """How many predictions the profile is learned from, at least."""
    sample_size: Count = _REFERENCE.sample_size
    """How many predictions are sampled; their bins and categories make the profile."""
    bins: Annotated[int, Field(ge=2, le=100)] = _REFERENCE.bins
    """Bins of equal frequency for a numeric feature."""
    max_categories: Annotated[int, Field(ge=1, le=250)] = _REFERENCE.max_categories
    """Categories kept for a text feature; the rarer ones are counted together."""


class DetectionSettings(Section):
    """When a change is worth an alert."""

    learn: PositiveDuration = timedelta(days=3)
    """How much event time each watched figure's normal is learned from, at least; no alert before.
    A daily season can only be told from three days or more: with less, each evening may look like
    a change."""
    learn_samples: Count = _DETECTION.learn_samples
    """How many samples it is learned from, at least."""
    false_alarms_per_week: Positive = _DETECTION.false_alarms_per_week
    """How many false alarms a week the whole installation may raise on average, in event time, as
    long as nothing changes. It is split over `limits.models` models and, in each, over all that is
    watched; every detector is calibrated to its share."""
    min_effect: Annotated[float, Field(ge=0)] = _DETECTION.min_effect
    """Smallest change of a mean worth an alert, in standard deviations (Cohen's d)."""
    min_rate_effect: Annotated[float, Field(ge=0, le=3.15)] = _DETECTION.min_rate_effect
    """Smallest change of a rate worth an alert (Cohen's h, a difference of arcsines)."""
    min_loss: Annotated[float, Field(gt=0, le=1)] = _DETECTION.min_loss
    """The part of the predictions, or of the labels, above which a loss is worth an alert: 0.5 is
    half of what is normal at this time of day. With 1 there is no such alert."""
    min_silence: PositiveDuration = timedelta(minutes=10)
    """The shortest time without predictions or labels, or without a change of a feature's numbers,
    that is worth an alert of staleness; what is normal raises none, however long."""
    min_samples: Count = _DETECTION.min_samples
    """How many samples the size of a change is followed over, at least, while its alert fires; its
    standard error is about one over their root."""
    resolve_panes: Count = _DETECTION.resolve_panes
    """How many closed panes the size of a change is followed over, at least. An alert resolves when
    the change has faded over them, and stayed so for as long again."""
    update: PositiveDuration = timedelta(minutes=10)
    """How often, in event time, an alert that fires is looked at again: it is told anew when its
    severity has risen or another cause has come first."""
    reopen: Duration = timedelta(hours=1)
    """How long after its end, in event time, an alert that opens again goes on as the old one, with
    the same start."""


class CostSettings(Section):
    """What a decision of a binary model costs, in any unit; a cost below 0 is a gain.

    The best threshold is that of least cost. It decides what `tidegauge advise` and the figures of
    improvement say, never what is counted, so it can be changed at any time.
    """

    false_positive: Cost = _COSTS.false_positive
    """A positive answer whose label is negative."""
    false_negative: Cost = _COSTS.false_negative
    """A negative answer whose label is positive."""
    true_positive: Cost = _COSTS.true_positive
    """A positive answer that was right, such as `-20` if it earns 20."""
    true_negative: Cost = _COSTS.true_negative
    """A negative answer that was right."""


class TargetSettings(Section):
    """What a model's quality is held to, beside its own past.

    An alert `QualityBelowTarget` opens when the labels show, at the rate of false alarms that is
    set, that the figure is worse than its target by more than the margin.
    """

    accuracy: Rate | None = None
    """Smallest accuracy of a classifier, such as `0.9`."""
    precision: Rate | None = None
    """Smallest precision of a binary model. It is judged when the label horizon has passed, since
    labels of one class may come first; so is recall."""
    recall: Rate | None = None
    """Smallest recall of a binary model."""
    mean_absolute_error: Annotated[float, Field(gt=0, le=1e100)] | None = None
    """Largest mean absolute error of a regression model, in the unit of its answers."""
    margin: Annotated[float, Field(ge=0, le=10)] = _TARGETS.margin
    """The part by which the error that a target allows must be exceeded: with `0.1`, an accuracy of
    0.9 allows one error in ten, and 0.89 is where an alert begins to be worth it."""


def _class_text(value: object) -> object:
    """Write a class as the core compares it: YAML reads ``1`` and ``true`` as other types."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


PositiveClass: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=200), BeforeValidator(_class_text)
]


Kind: TypeAlias = Literal["binary", "multiclass", "regression"]


class ModelOverrides(Section):
    """What is different for one model; what is left out stays as it is for all."""

    time: ModelTime | None = None
    """Overrides of `time` (without `publication_skew` and `idle`, which hold for all)."""
    join: ModelJoin | None = None
    """Overrides of `join` (without `partitioner`, which holds for all)."""
    reference: ReferenceSettings | None = None
    """Overrides of `reference`."""
    detection: DetectionSettings | None = None
    """Overrides of `detection`."""
    costs: CostSettings | None = None
    """Overrides of `costs`."""
    targets: TargetSettings | None = None
    """Overrides of `targets`."""
    kind: Kind | None = None
    """Overrides `kind`."""
    positive_class: PositiveClass | None = None
    """Overrides `positive_class`."""


class PaneSettings(Section):
    """One level of the pane pyramid."""

    width: PositiveDuration
    """Length of one pane."""
    span: PositiveDuration
    """Labels up to this late go to this level; later ones go to the next."""


class WindowSettings(Section):
    """How event time is cut up."""

    panes: Annotated[tuple[PaneSettings, ...], Field(min_length=1, max_length=8)] = (
        PaneSettings(width=timedelta(seconds=10), span=timedelta(hours=1)),
        PaneSettings(width=timedelta(minutes=1), span=timedelta(days=1)),
        PaneSettings(width=timedelta(hours=1), span=timedelta(days=365)),
    )
    """Levels of the pane pyramid, finest first: each width is a multiple of the one before, each
    span longer. The last span bounds the horizons."""
    sizes: Annotated[CommaList[PositiveDuration], Field(min_length=1, max_length=12)] = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(hours=1),
        timedelta(days=1),
    )
    """Windows that are reported, each a multiple of the first pane's width."""


class SegmentSettings(Section):
    """Which slices of the traffic get figures of their own."""

    fields: CommaList[Annotated[str, Field(min_length=1, max_length=200)]] | None = None
    """Names of the segment fields that are kept, at most `limits.segment_fields`; unset: the first
    that arrive."""


class LimitSettings(Section):
    """Bounds of memory and of exported series; what is over one is counted, never lost silently."""

    models: Count = _LIMITS.models
    """Models; further ones are folded into `__other__`."""
    versions: Count = _LIMITS.versions
    """Versions of one model; further ones are folded into `__other__`."""
    segment_fields: Annotated[int, Field(ge=0, le=20)] = _LIMITS.segment_fields
    """Segment fields of one model; further ones are left out."""
    segment_values: Count = _LIMITS.segment_values
    """Values of one segment field; further ones are folded into `__other__`."""
    features: Annotated[int, Field(ge=0, le=1000)] = _LIMITS.features
    """Features of one model; further ones are left out."""
    classes: Annotated[int, Field(ge=2, le=1000)] = _LIMITS.classes
    """Classes of one multiclass model; further ones are folded into `__other__`. A confusion matrix
    has as many cells as this times itself, in each window of each version and segment."""
    deployments: Count = _LIMITS.deployments
    """Combinations of version, code version and data version of one model that are remembered, to
    tell what is new; over it those not seen for longest are forgotten."""
    open_requests: Count = _LIMITS.open_requests
    """Requests retained by one source partition; over it the oldest are evicted."""
    dead_letters_per_minute: Count = _LIMITS.dead_letters_per_minute
    """Refusals of one reason copied to the dead letters, per topic partition and minute; further
    ones are counted, with their offsets."""
    series: Count = 50_000
    """Series that `/metrics` exports; over it whole groups are left out, the finest first."""
