"""The demo's look at the workers' gauges: the same page that Prometheus would scrape."""

import http.client
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tidegauge.demo.quality import GAUGES

_TIMEOUT_SECONDS: Final = 5
_LEDGERS: Final = ("tidegauge_predictions", "tidegauge_feedback")
_WHOLE: Final = {"segment_field": "", "segment_value": ""}
_FIGURES: Final = {
    "tidegauge_window_predictions": "predictions",
    "tidegauge_label_coverage_ratio": "label_coverage",
}
_DETECTORS: Final = {
    "tidegauge_detector_statistic": "statistic",
    "tidegauge_detector_threshold": "threshold",
}
_WATERMARK: Final = "tidegauge_watermark_timestamp_seconds"
_DEAD_LETTERS: Final = "tidegauge_dead_letters_total"
_READ: Final = {f"{ledger}_read_total": ledger for ledger in _LEDGERS}
_WANTED: Final = frozenset(
    {*_FIGURES, *GAUGES, *_LEDGERS, *_READ, *_DETECTORS, _WATERMARK, _DEAD_LETTERS}
)


@dataclass(slots=True)
class VersionFigures:
    """One version in the sliding window that is looked at; None is undefined."""

    predictions: float | None = None
    label_coverage: float | None = None
    quality: dict[str, float] = field(default_factory=dict)
    """By gauge; see `tidegauge.demo.quality`."""


@dataclass(slots=True)
class Detector:
    """A change that is watched for: how large it is, and from where on it is worth an alert."""

    statistic: float | None = None
    """None while the detector still learns what is usual."""
    threshold: float = 0.0

    @property
    def severity(self) -> float:
        """The statistic as a share of the threshold."""
        return abs(self.statistic or 0.0) / self.threshold if self.threshold else 0.0


@dataclass(slots=True)
class Ledger:
    """How many records of one kind were read, and what became of them."""

    read: int = 0
    states: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Whether every record that was read is in exactly one state."""
        return self.read == sum(self.states.values())


@dataclass(slots=True)
class ModelFigures:
    """What the gauges of all workers say about one model."""

    watermark_ms: int | None = None
    versions: dict[str, VersionFigures] = field(default_factory=dict)
    detectors: dict[str, Detector] = field(default_factory=dict)
    """By what they read: a feature, or a stream such as ``error_rate``."""
    predictions: Ledger = field(default_factory=Ledger)
    feedback: Ledger = field(default_factory=Ledger)


@dataclass(slots=True)
class Figures:
    """What the gauges of all workers say."""

    models: dict[str, ModelFigures] = field(default_factory=dict)
    """Those that are looked at, also where the gauges say nothing of them yet."""
    dead_letters: int = 0
    """Since the workers started, of any model."""

    @property
    def watermark_ms(self) -> int | None:
        """That of the model that is furthest behind; None while any has none."""
        watermarks = [model.watermark_ms for model in self.models.values()]
        known = [watermark for watermark in watermarks if watermark is not None]
        return min(known) if known and len(known) == len(watermarks) else None

    @property
    def predictions_read(self) -> int:
        """Of all models."""
        return sum(model.predictions.read for model in self.models.values())

    @property
    def feedback_read(self) -> int:
        """Of all models."""
        return sum(model.feedback.read for model in self.models.values())


def scrape(host: str, port: int) -> str | None:
    """The metrics page of a worker; None if it does not answer, or not with success."""
    with closing(http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)) as client:
        try:
            client.request("GET", "/metrics")
            answer = client.getresponse()
            body = answer.read().decode()
        except (OSError, http.client.HTTPException):
            return None
    return body if answer.status == http.HTTPStatus.OK else None


def read_figures(pages: Iterable[str], models: Iterable[str], window: str) -> Figures:
    """The figures of some models.

    Args:
        pages: The metrics pages of all workers; each model is on one of them.
        models: Their names.
        window: The window that is looked at, as the gauges' label has it.
    """
    figures = Figures({model: ModelFigures() for model in models})
    for page in pages:
        for sample in _samples(page):
            if sample.name == _DEAD_LETTERS:
                figures.dead_letters += int(sample.value)
            elif (model := figures.models.get(sample.labels.get("model", ""))) is not None:
                _take(model, sample, window)
    return figures


def _samples(page: str) -> Iterator[Sample]:
    """The samples that are used; to parse the others as well would take most of the time."""
    lines = (line for line in page.splitlines() if line.partition("{")[0] in _WANTED)
    for family in text_string_to_metric_families("\n".join([*lines, ""])):
        yield from family.samples


def _take(figures: ModelFigures, sample: Sample, window: str) -> None:
    name, labels, value = sample.name, sample.labels, sample.value
    if name == _WATERMARK:
        figures.watermark_ms = round(value * 1000)
    elif name in _READ:
        _ledger(figures, _READ[name]).read = int(value)
    elif name in _LEDGERS:
        _ledger(figures, name).states[labels["state"]] = int(value)
    elif name in _DETECTORS:
        detector = figures.detectors.setdefault(_stream(labels), Detector())
        setattr(detector, _DETECTORS[name], value)
    elif labels["window"] == window and _WHOLE.items() <= labels.items():
        version = figures.versions.setdefault(labels["version"], VersionFigures())
        if name in _FIGURES:
            setattr(version, _FIGURES[name], value)
        else:
            version.quality[name] = value


def _ledger(figures: ModelFigures, name: str) -> Ledger:
    return figures.predictions if name == "tidegauge_predictions" else figures.feedback


def _stream(labels: Mapping[str, str]) -> str:
    """What a detector reads: ``error_rate``, ``delay``, or ``missing delay``."""
    stream, feature = labels["stream"], labels["feature"]
    return feature if stream == "feature" else f"{stream} {feature}".strip()
