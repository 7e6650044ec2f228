"""The alert: a CloudEvents 1.0 event in Kafka binary mode, its data like one Alertmanager alert."""

from typing import Annotated, Literal

from pydantic import Field

from tidegauge.contract.base import Count, Record, Share, Time
from tidegauge.core.alertrecords import AlertStatus, CauseKind, Effect, Role, Severity
from tidegauge.core.improvement import Retrain


class AlertHeaders(Record):
    """The CloudEvents attributes, as headers of the Kafka record (UTF-8)."""

    ce_specversion: Literal["1.0"]
    ce_id: Annotated[str, Field(min_length=1)]
    """Id of this event, the same however often it is computed. With ``ce_source`` it is
    unique; an alert that stays open is sent again from time to time, under the same id."""
    ce_source: Annotated[str, Field(pattern=r"^/tidegauge/models/")]
    """``/tidegauge/models/`` and the model's name, percent-encoded."""
    ce_type: Annotated[str, Field(pattern=r"^tidegauge\.alert\.(firing|resolved|retracted)$")]
    """``tidegauge.alert.`` and the status."""
    ce_time: Time
    """Event time at which the detector came to this status."""
    ce_subject: Annotated[str, Field(min_length=1)]
    """The alert that this event is about: its fingerprint."""
    content_type: Annotated[Literal["application/json"], Field(alias="content-type")]


class EventWindow(Record):
    """An interval of event time."""

    start: Time
    """Inclusive."""
    end: Time
    """Exclusive."""


class SampleCounts(Record):
    """How much evidence there is."""

    predictions: Count
    """Predictions in the window."""
    labelled: Count
    """Those of them whose label is known."""


class VersionsInWindow(Record):
    """What was running in the window, each list sorted."""

    model: list[str]
    """Model versions."""
    code: list[str]
    """Versions of the serving code."""
    data: list[str]
    """Versions of the data pipeline."""
    reference: str | None
    """Id of the reference profile compared with."""


class RankedCause(Record):
    """One ground of the alert."""

    kind: CauseKind
    """What it points at."""
    effect: Effect
    """In what way it acts. ``mix_shift``: inputs moved to regions where errors were frequent
    already; ``concept_shift``: the same inputs have more errors."""
    name: str
    """The feature, the segment field, or the version, code version or data version."""
    value: str | None
    """The feature's bin or category, the segment's value, or the class."""
    contribution: float | None
    """Part of the observed change it accounts for, which may be negative; null where that is not
    known. Of a change in errors, the mix or concept shift of this bin, segment or version alone;
    those of all of them add up to the split of the same name. Of a feature that drifted, the bin's
    part of the population stability index."""
    before: float | None
    """The figure that changed, in the reference or before the change: of mix shift and drift the
    share of predictions."""
    after: float | None
    """The same figure in the alert's window."""
    samples: Count
    """Predictions in the window that it touches."""
    summary: str
    """One sentence for people."""


class ErrorSplit(Record):
    """How a change in errors splits over one feature, segment field, or the versions.

    ``mix``, ``concept`` and ``remainder`` add up to 1. They are Kitagawa's (1955) components, with
    the averages of both periods as weights.
    """

    kind: CauseKind
    name: str
    """The feature or the segment field; ``version`` of versions."""
    mix: float
    """By inputs that moved to where errors were more frequent."""
    concept: float
    """By more errors for the same inputs."""
    remainder: float
    """What the predictions that it does not tell apart account for."""


class AttributionChange(Record):
    """The share that one feature has of what moved the answers."""

    name: str
    """The feature."""
    before: Share | None
    """What is usual; null where that is not known yet."""
    after: Share
    """In the window."""
    right: Share | None
    """In right answers of the window; of a regression model, in all that have a label. Null where
    the alert is not about errors."""
    wrong: Share | None
    """In wrong answers; of a regression model, in all, weighted with the absolute error."""


class AttributionShift(Record):
    """What moved the answers in the window, beside what is usual."""

    count: Count
    """Answers in the window that carry attributions; of an alert about errors, those of them whose
    label came in the window."""
    drift: Share | None
    """Total variation of the shares of all features from what is usual: the part of the attribution
    that went to other features. Null where that is not known yet."""
    features: list[AttributionChange]
    """At most five, those that changed most first."""


class IncidentPart(Record):
    """Which incident an alert belongs to."""

    id: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    """Equal for all alerts that belong together."""
    role: Role
    """Whether this alert is the root or a symptom."""
    root: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    """Fingerprint of the alert that is taken for the root, as far as was known."""
    summary: str
    """The root in words: its alert, or what was deployed."""


class Alert(Record):
    """One event in the life of one alert.

    A life is firing (opened), firing (updated: its severity rose, another cause came first, or its
    incident has another root; any number of times), then resolved, or retracted when late or
    corrected labels removed its ground or what it missed came late, which can also follow resolved.
    One that opens again soon after it was resolved goes on: firing, with the same ``startsAt`` and
    the next revision. The names that Alertmanager gives have its spelling.
    """

    status: AlertStatus
    labels: dict[str, str]
    """Identity in words: ``alertname``, ``model`` and, as far as they apply, ``version``,
    ``feature``, ``class``, ``segment_field`` and ``segment_value``."""
    annotations: dict[str, str]
    """For people: ``summary``, ``description``, of more errors ``advice``, what to do, and, of one
    that was retracted, ``retracted``: why."""
    starts_at: Annotated[Time, Field(alias="startsAt")]
    """Event time at which the window begins in which the change was measured: what is wrong began
    in it, which can be hours later."""
    ends_at: Annotated[Time | None, Field(alias="endsAt")]
    """Event time of the end; null while firing."""
    generator_url: Annotated[str, Field(alias="generatorURL")]
    """Where to look; empty when no address is configured."""
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    """Identity of what is wrong, without how badly: the key of the record."""
    severity: Severity
    model: str
    revision: Count
    """0 for the record that opens the alert, then one more for each."""
    detector: str
    """What raised it, such as ``adwin`` or ``page_hinkley``; with ``segment_`` before it, in
    the errors of one segment against those of the rest."""
    statistic: float | None
    """The detector's statistic when it decided."""
    threshold: float | None
    """The value that the statistic was compared with."""
    window: EventWindow
    """The event time of the evidence."""
    samples: SampleCounts
    label_coverage: Share | None
    """``labelled / predictions`` in the window; null without predictions."""
    versions: VersionsInWindow
    causes: list[RankedCause]
    """What accounts for it, the likeliest first."""
    splits: list[ErrorSplit]
    """Of a change in errors; those of the causes first."""
    examples: list[str]
    """Request ids of some predictions in the window that show it, chosen fairly: of alerts about
    errors wrong answers. Empty where none can be told, as of labels that don't come."""
    attributions: AttributionShift | None
    """Null where no answer in the window carries any, and of alerts that are not about answers,
    features or errors as they come."""
    incident: IncidentPart | None
    retraining: Retrain | None
    """What to do about more errors: ``fix_data`` (mend the faults of the data first), ``retrain``
    (mostly concept shift, for a day or more), ``wait`` (it may pass) or ``harder_cases`` (mostly
    mix shift: retraining would gain little). Null of all other alerts, and of those that ended."""
