"""Two more models of the same flights, a multiclass and a regression one, and their figures.

Both answer every third flight. The one says how late it will be in three classes, the other in
minutes; what they answer is made from the score of the binary model, so they are no good models.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics
from wholepath.badinput import Event

from tidegauge.core.config import ModelKind
from tidegauge.core.events import Outcome, Prediction
from tidegauge.core.records import MetricRecord
from tidegauge.core.stats.calibration import CALIBRATION_BINS, CALIBRATION_ERROR
from tidegauge.core.stats.logbins import RELATIVE_ERROR
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.demo.flights import Flight
from tidegauge.demo.replay import Replayed

CLASSES, MINUTES = "lateness", "minutes"
VERSION = "1"
SHARE = 3
PRECISION = 1e-9


class Row(NamedTuple):
    """One answer; ``label`` is None for a flight that never arrived."""

    time_ms: int
    answer: Outcome
    confidence: float
    label: Outcome | None


class MoreModels:
    """What the two models answer, and what comes true.

    Args:
        flights: all flights.
        events: the predictions of the binary model, and its labels.
    """

    def __init__(self, flights: Iterable[Flight], events: Sequence[Replayed]) -> None:
        self._delays = {f.request_id: f.arrival_delay for f in flights}
        self.rows: dict[str, list[Row]] = {CLASSES: [], MINUTES: []}
        landed = {e.event.request_id for e in events if not isinstance(e.event, Prediction)}
        for replayed in events:
            if isinstance(replayed.event, Prediction) and _answered(replayed.event.request_id):
                known = replayed.event.request_id in landed
                self._keep(replayed.time_ms, replayed.event, known=known)

    def _keep(self, time_ms: int, event: Prediction, *, known: bool) -> None:
        delay = self._delays[event.request_id] if known else None
        for model, rows in self.rows.items():
            answer = _answer(model, event.score or 0.0)
            label = None if delay is None else _truth(model, delay)
            rows.append(Row(time_ms, answer, _confidence(event.score or 0.0), label))

    def messages(self, replayed: Replayed) -> Iterator[tuple[str, Event]]:
        """What is published beside one event of the binary model: topic and event."""
        event = replayed.event
        if not _answered(event.request_id):
            return
        for model in self.rows:
            made = {
                "request_id": f"{event.request_id}/{model}",
                "timestamp": event.timestamp.isoformat(),
                "model": model,
            }
            if isinstance(event, Prediction):
                score = event.score or 0.0
                answer = made | {"version": VERSION, "prediction": _answer(model, score)}
                if model == CLASSES:
                    answer["probabilities"] = _probabilities(score)
                yield "predictions", answer
            else:
                delay = self._delays[event.request_id]
                assert delay is not None
                yield "feedback", made | {"label": _truth(model, delay)}


def _answered(request_id: str) -> bool:
    return zlib.crc32(request_id.encode()) % SHARE == 0


def _probabilities(score: float) -> dict[str, float]:
    late, very = 0.6 * score, 0.4 * score
    return {"on time": 1.0 - late - very, "late": late, "very late": very}


def _confidence(score: float) -> float:
    return max(_probabilities(score).values())


def _answer(model: str, score: float) -> Outcome:
    if model == MINUTES:
        return round(90.0 * score - 15.0, 3)
    shares = _probabilities(score)
    return max(shares, key=lambda name: shares[name])


def _truth(model: str, delay: int) -> Outcome:
    if model == MINUTES:
        return delay
    return "on time" if delay <= 15 else "late" if delay <= 60 else "very late"


def check(
    rows: Mapping[str, list[Row]],
    windows: Iterable[MetricRecord],
    references: Mapping[str, ReferenceProfile],
    sizes: Iterable[int],
    adopted: int,
) -> None:
    """Every window of both models against scikit-learn, and drift against the references.

    Args:
        rows: what was published, by model.
        windows: what came out.
        references: of each model.
        sizes: of windows, ms.
        adopted: since when the references are known to be in effect, ms.
    """
    found: dict[tuple[str, int, int], MetricRecord] = {
        (w.model, w.end_ms - w.start_ms, w.start_ms): w for w in windows if w.version == VERSION
    }
    for size in sizes:
        for model, of_model in rows.items():
            held: dict[int, list[Row]] = defaultdict(list)
            for row in of_model:
                held[row.time_ms - row.time_ms % size].append(row)
            assert held.keys() == {start for m, s, start in found if (m, s) == (model, size)}
            for start, inside in held.items():
                window = found[model, size, start]
                _check_window(window, inside)
                if start >= max(references[model].effective_from, adopted):
                    _check_drift(window, references[model], inside)


def _check_window(window: MetricRecord, rows: list[Row]) -> None:
    known = [row for row in rows if row.label is not None]
    assert (window.predictions, window.labelled) == (len(rows), len(known))
    if window.model == CLASSES:
        assert window.kind is ModelKind.MULTICLASS
        counts = Counter(row.answer for row in rows)
        shown = {name: stats.predictions for name, stats in window.classes.items()}
        assert {name: n for name, n in shown.items() if n} == counts
        if known:
            _check_classes(window, known)
    else:
        assert window.kind is ModelKind.REGRESSION
        assert window.prediction.count == len(rows)
        _near(window.prediction.mean, np.mean([row.answer for row in rows]))
        if known:
            _check_numbers(window, known)


def _check_classes(window: MetricRecord, rows: list[Row]) -> None:
    labels, predicted = [str(r.label) for r in rows], [str(r.answer) for r in rows]
    told = sorted({*labels, *predicted})
    matrix = {(c.predicted, c.label): c.count for c in window.confusion}
    assert matrix == Counter(zip(predicted, labels, strict=True))
    quality = window.quality
    _near(quality.accuracy, metrics.accuracy_score(labels, predicted))
    assert quality.errors == sum(p != label for p, label in zip(predicted, labels, strict=True))
    scores = metrics.precision_recall_fscore_support(
        labels, predicted, labels=told, zero_division=np.nan
    )
    for place, name in enumerate(told):
        one = window.classes[name]
        for figure, values in zip((one.precision, one.recall, one.f1), scores[:3], strict=True):
            _near(figure, None if np.isnan(values[place]) else values[place])
        assert one.support == scores[3][place]
    macro = [np.nanmean(values) for values in scores[:3]]
    for figure, value in zip(
        (quality.macro_precision, quality.macro_recall, quality.macro_f1), macro, strict=True
    ):
        _near(figure, value)
    confidence = np.array([row.confidence for row in rows])
    right = np.array([p == label for p, label in zip(predicted, labels, strict=True)])
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, confidence) - np.bincount(bins, right)
    expected = np.abs(gaps).sum() / len(rows)
    assert quality.expected_calibration_error == pytest.approx(expected, abs=CALIBRATION_ERROR)


def _check_numbers(window: MetricRecord, rows: list[Row]) -> None:
    labels, predicted = (
        np.array([float(value) for value in column])
        for column in ([r.label for r in rows], [r.answer for r in rows])
    )
    found, errors = window.regression, predicted - labels
    _near(found.mean_absolute_error, metrics.mean_absolute_error(labels, predicted))
    _near(found.root_mean_squared_error, metrics.root_mean_squared_error(labels, predicted))
    _near(found.bias, errors.mean())
    if len(set(labels)) > 1:
        _near(found.r2, metrics.r2_score(labels, predicted))
    else:
        assert found.r2 is None
    ordered = np.sort(np.abs(errors))
    for q, quantile in (
        (0.5, found.absolute_error_p50),
        (0.9, found.absolute_error_p90),
        (0.99, found.absolute_error_p99),
    ):
        expected = ordered[int(np.ceil(q * len(ordered))) - 1]
        assert quantile == pytest.approx(expected, rel=RELATIVE_ERROR * (1 + 1e-12), abs=1e-12)
    assert sum(bar.count for bar in found.error_histogram) == len(rows)
    for bar in found.error_histogram:
        assert bar.count == _between(errors, bar.lower, bar.upper)


def _between(values: NDArray[np.float64], lower: float, upper: float) -> int:
    """How many lie between two edges, of which the one nearer to zero is included."""
    if lower >= 0.0:
        return int(np.sum((values >= lower) & (values < upper)))
    return int(np.sum((values > lower) & (values <= upper)))


def _check_drift(window: MetricRecord, reference: ReferenceProfile, rows: list[Row]) -> None:
    assert window.reference == reference.id
    prediction = window.prediction
    if window.model == MINUTES:
        values = np.array([row.answer for row in rows], np.float64)
        assert sum(bar.count for bar in prediction.histogram) == len(rows)
        for bar in prediction.histogram:
            assert bar.count <= _between(values, bar.lower - 1e-9, bar.upper + 1e-9)
        assert prediction.psi is not None
        return
    counts = Counter(str(row.answer) for row in rows)
    names = sorted(reference.class_counts.keys() | counts.keys())
    p, q = (
        np.array([of.get(name, 0) for name in names]) + 0.5
        for of in (reference.class_counts, counts)
    )
    p, q = p / p.sum(), q / q.sum()
    _near(prediction.psi, float(np.sum((q - p) * np.log(q / p))))


def _near(found: float | None, expected: Any) -> None:
    if expected is None:
        assert found is None
    else:
        assert found == pytest.approx(expected, rel=PRECISION, abs=PRECISION)
