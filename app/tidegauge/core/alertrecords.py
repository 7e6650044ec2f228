"""What Tidegauge publishes of alerts, as the core builds it.

Times are int milliseconds since the epoch (UTC) and end in ``_ms``. Shares lie in 0..1. The wire
package turns these into the public records and the contract package documents those.
"""

from enum import StrEnum

import msgspec

from tidegauge.core.improvement import Retrain


class AlertStatus(StrEnum):
    """Where an alert stands in its lifecycle."""

    FIRING = "firing"
    RESOLVED = "resolved"
    RETRACTED = "retracted"
    """Late or corrected labels removed its ground: it should not have fired."""


class Severity(StrEnum):
    """How bad it is; no part of an alert's identity."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class CauseKind(StrEnum):
    """What a cause points at."""

    FEATURE = "feature"
    SEGMENT = "segment"
    VERSION = "version"
    CODE_VERSION = "code_version"
    DATA_VERSION = "data_version"
    MODEL = "model"
    """All predictions of the model alike."""
    SCORE = "score"
    TRAFFIC = "traffic"


class Effect(StrEnum):
    """In what way a cause acts."""

    DATA_DRIFT = "data_drift"
    """The distribution of an input moved."""
    PREDICTION_DRIFT = "prediction_drift"
    """The distribution of the answers or scores moved."""
    MIX_SHIFT = "mix_shift"
    """Inputs moved to regions where errors were frequent already."""
    CONCEPT_SHIFT = "concept_shift"
    """The same inputs now have more errors."""
    MISSING = "missing"
    UNSEEN = "unseen"
    """Categories that the reference does not have."""
    OUT_OF_RANGE = "out_of_range"
    """Numbers outside the reference's range."""
    WRONG_TYPE = "wrong_type"
    """Text in place of numbers, or numbers in place of text."""
    UNIT_CHANGE = "unit_change"
    """Numbers are those of before times a factor that turns one unit into another."""
    SWAPPED = "swapped"
    """Two categories changed places."""
    BELOW_TARGET = "below_target"
    """A figure of quality does not reach what it is held to."""
    NEW_VERSION = "new_version"
    SLOWER = "slower"
    """Latencies moved."""
    SILENCE = "silence"
    """Events stopped."""
    STALE = "stale"
    """What came, or changed, last is older than it ever was."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One ground of an alert; the list it stands in begins with the likeliest."""

    kind: CauseKind
    effect: Effect
    name: str
    """The feature, the segment field, or the version, code version or data version."""
    value: str | None = None
    """The feature's bin or category, the segment's value, or the class."""
    contribution: float | None = None
    """Part of the observed change it accounts for; None where that is not known. Of an error, the
    part of one cell: with those of all cells it adds up to a `Split`. Of a feature that drifted,
    the bin's part of the index."""
    before: float | None = None
    """The figure that changed, in the reference or before the change: of mix shift and drift the
    share of predictions."""
    after: float | None = None
    samples: int = 0
    """Predictions in the alert's window that it touches."""
    summary: str = ""


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """How a change in errors splits over one feature, segment field, or the versions.

    The three parts add up to 1 (`tidegauge.core.stats.decompose`).
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


class Role(StrEnum):
    """What an alert is to its incident."""

    ROOT = "root"
    SYMPTOM = "symptom"


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs together with an alert."""

    id: str
    """16 hex digits, equal for all alerts of the incident."""
    role: Role
    root: str
    """Fingerprint of the alert that is taken for the root, as far as is known."""
    summary: str
    """The root in words: its alert, or what was deployed."""


class AttributionChange(msgspec.Struct, frozen=True, kw_only=True):
    """The share that one feature has of what moved the answers, before and in an alert's window."""

    name: str
    before: float | None = None
    """What is usual; None: not known."""
    after: float
    right: float | None = None
    """In answers of the window that were right; of a regression model, in all with a label."""
    wrong: float | None = None
    """In wrong ones; of a regression model, in all, weighted with the absolute error."""


class AttributionShift(msgspec.Struct, frozen=True, kw_only=True):
    """How the attributions in an alert's window differ from what is usual."""

    count: int
    """Answers in the window that carry attributions."""
    drift: float | None = None
    """Total variation of the shares from what is usual, 0..1; None where that is not known."""
    features: tuple[AttributionChange, ...] = ()
    """Those that changed most."""


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """What was running in a window, each in sorted order."""

    model: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    reference: str | None = None
    """Id of the reference profile compared with."""


class AlertRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One event in the life of one alert."""

    id: str
    """Deterministic: from fingerprint, start, status and evidence."""
    fingerprint: str
    """Identity of what is wrong (16 hex digits): record key, equal over the alert's life."""
    status: AlertStatus
    severity: Severity
    model: str
    time_ms: int
    """Event time at which the detector came to this status."""
    starts_at_ms: int
    ends_at_ms: int | None = None
    """None while firing."""
    revision: int = 0
    """0 for the record that opens the alert, then one more for each."""
    labels: dict[str, str]
    """Identity in words: ``alertname``, ``model`` and as far as they apply ``version``,
    ``feature``, ``class``, ``segment_field``, ``segment_value``."""
    annotations: dict[str, str]
    """For people: ``summary``, ``description``, ``advice``, what to do, as far as the alert tells,
    and ``retracted``, why it was taken back."""
    generator_url: str = ""
    detector: str
    statistic: float | None = None
    threshold: float | None = None
    window_start_ms: int
    window_end_ms: int
    predictions: int
    labelled: int
    label_coverage: float | None = None
    versions: Versions = Versions()
    causes: tuple[Cause, ...] = ()
    splits: tuple[Split, ...] = ()
    """Of a change in errors, those of the causes first."""
    examples: tuple[str, ...] = ()
    """Request ids of some predictions in the window that show it, chosen fairly."""
    attributions: AttributionShift | None = None
    """None where no answer in the window carries any, and of alerts that are not about answers,
    features or errors as they come."""
    incident: Incident | None = None
    retraining: Retrain | None = None
    """Of more errors while they last: what to do about them, in words under ``advice`` in the
    annotations."""
