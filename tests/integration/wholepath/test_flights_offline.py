"""Figures over real flights equal those that scikit-learn and numpy compute from the same flights.

Counts and what follows from them are equal; figures that need the order of scores lie within the
error that half a bin allows. The reference is learned from the first flights, and the others are
published once it is known, so that every later window is compared with it whole.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics
from wholepath import flightkinds
from wholepath.badinput import message, rfc3339
from wholepath.deployment import Deployment
from wholepath.flightkinds import MoreModels
from wholepath.topic import Message

from tidegauge.core.events import Features, Prediction
from tidegauge.core.partitioner import partition_for
from tidegauge.core.records import FeatureStats, MetricRecord, Quality
from tidegauge.core.stats.calibration import CALIBRATION_ERROR
from tidegauge.core.stats.reference import NumericReference, ReferenceProfile
from tidegauge.core.stats.scorebins import EDGES
from tidegauge.core.sums import SCORE_UNIT
from tidegauge.demo.flights import load_flights
from tidegauge.demo.replay import Replayed, replay
from tidegauge.demo.tasks import ModelName

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

DAY = 86_400_000
MODEL = ModelName.FLIGHT_DELAY.value
VERSION = "1"
PARTITIONS = 4
SIZES = {"6h": DAY // 4, "1d": DAY, "7d": 7 * DAY}
SETTINGS = {
    # days of flights are published in seconds, some partitions ahead of others
    "time": {"out_of_orderness": "10m", "lateness": "1h", "publication_skew": "5m"},
    "join": {"label_horizon": "2d", "correction_horizon": "2d"},
    "windows": {
        "panes": [{"width": "1h", "span": "2d"}, {"width": "1d", "span": "30d"}],
        "sizes": list(SIZES),
    },
    "reference": {"learn": "3d", "min_predictions": 1000},
}
LEARNING = 5 * DAY
"""Flights of so many days are published first, for the reference."""
ROUNDING = 1e-9
"""Of float sums, in figures that are otherwise exact."""
LOSS_ERROR = 2.0**-21
"""Brier score and log loss of each prediction are kept to this."""
SMOOTHING = 0.5
"""Stated with the population stability index."""


class Row(NamedTuple):
    """One flight; ``label`` is None for one that never arrived."""

    time_ms: int
    predicted: int
    score: float
    features: Features
    segments: tuple[tuple[str, str], ...]
    label: int | None


def offline(events: Iterable[Replayed]) -> list[Row]:
    """Predictions joined with their labels by request id."""
    predictions: dict[str, tuple[int, Prediction]] = {}
    labels: dict[str, int] = {}
    for time_ms, event in ((r.time_ms, r.event) for r in events):
        if isinstance(event, Prediction):
            predictions[event.request_id] = (time_ms, event)
        else:
            labels[event.request_id] = int(event.label)
    return [
        Row(
            time_ms,
            int(p.prediction),
            p.score or 0.0,
            p.features,
            tuple(p.segments.items()),
            labels.get(request),
        )
        for request, (time_ms, p) in predictions.items()
    ]


def closing(model: str, time_ms: int) -> list[Message]:
    """An answer and its label in each partition, so late that all windows before are final."""
    made = []
    for partition in range(PARTITIONS):
        names = (f"closing-{model}-{number}" for number in range(1_000))
        request = next(n for n in names if partition_for(n.encode(), PARTITIONS) == partition)
        event = {"request_id": request, "model": model, "timestamp": rfc3339(time_ms)}
        made.append(message("predictions", event | {"version": "closing", "prediction": 0}))
        made.append(message("feedback", event | {"label": 0}))
    return made


@pytest.mark.parametrize(
    "days",
    [
        pytest.param(14, marks=pytest.mark.slow),
        pytest.param(59, marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
    ],
)
def test_figures_of_flights_equal_those_computed_offline(
    deploy: Callable[..., Deployment], days: int
) -> None:
    world = deploy(PARTITIONS, SETTINGS)
    worker = world.start_worker()
    first = date(2013, 1, 1)
    flights = list(load_flights(first, first + timedelta(days=days)))
    events = list(replay(flights, [ModelName.FLIGHT_DELAY]))
    more = MoreModels(flights, events)
    begin, end = events[0].time_ms, events[-1].time_ms
    head = [r for r in events if r.time_ms < begin + LEARNING]
    _publish(world, head, more)
    models = {MODEL, *more.rows}
    # what a partition has read before it hears of a reference is not compared with it
    world.wait(
        lambda o: (
            {r.model for r in o.references()} == models
            and len(world.adopted()) == PARTITIONS * len(models)
        )
    )
    _publish(world, events[len(head) :], more)
    world.publish(m for model in models for m in closing(model, end + 10 * DAY))
    rows = offline(events)
    expected = {model: _ledger(held) for model, held in {MODEL: rows, **more.rows}.items()}
    outcome = world.wait(
        lambda o: o.ledgers() == expected and not o.unfinished(end + 7 * DAY),
    )
    assert worker.stop() == 0
    assert outcome.dead_letters() == []
    references = {r.model: r for r in outcome.references()}
    reference = references[MODEL]
    windows = {
        (w.end_ms - w.start_ms, w.start_ms, w.segment_field, w.segment_value): w
        for w in outcome.windows()
        if (w.model, w.version) == (MODEL, VERSION)
    }
    assert {key[:2] for key in windows} == {
        (size, start) for size in SIZES.values() for start in _by_window(rows, size)
    }
    drifts = 0
    for size in SIZES.values():
        for start, held in _by_window(rows, size).items():
            window = windows[size, start, None, None]
            _check_quality(window, held)
            _check_moments(window, held)
            if start >= max(reference.effective_from, begin + LEARNING):
                drifts += _check_drift(window, held, reference)
            _check_segments(windows, size, start, held)
    assert drifts > 100
    flightkinds.check(more.rows, outcome.windows(), references, SIZES.values(), begin + LEARNING)


def _publish(world: Deployment, events: list[Replayed], more: MoreModels) -> None:
    world.publish(m for replayed in events for m in _messages(replayed, more))


def _messages(replayed: Replayed, more: MoreModels) -> Iterator[Message]:
    event = replayed.event
    topic = "predictions" if isinstance(event, Prediction) else "feedback"
    yield Message(topic, event.request_id.encode(), msgspec.json.encode(event))
    for also, made in more.messages(replayed):
        yield message(also, made)


def _ledger(rows: Sequence[Row | flightkinds.Row]) -> dict[str, object]:
    labelled = sum(row.label is not None for row in rows) + PARTITIONS
    predictions = {"read": len(rows) + PARTITIONS, "labelled": labelled}
    if missing := len(rows) + PARTITIONS - labelled:
        predictions["unlabelled"] = missing
    return {
        "predictions": predictions,
        "feedback": {"read": labelled, "joined": labelled},
        "labels": labelled,
    }


def _by_window(rows: list[Row], size_ms: int) -> dict[int, list[Row]]:
    windows: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        windows[row.time_ms - row.time_ms % size_ms].append(row)
    return windows


def _check_quality(window: MetricRecord, rows: list[Row]) -> None:
    known = [row for row in rows if row.label is not None]
    assert (window.predictions, window.labelled) == (len(rows), len(known))
    if not known:
        return
    labels = np.array([row.label for row in known])
    predicted = np.array([row.predicted for row in known])
    scores = np.array([row.score for row in known])
    quality = window.quality
    matrix = metrics.confusion_matrix(labels, predicted, labels=[0, 1]).ravel().tolist()
    assert matrix == [
        quality.true_negatives,
        quality.false_positives,
        quality.false_negatives,
        quality.true_positives,
    ]
    _near(quality.accuracy, metrics.accuracy_score(labels, predicted))
    _near(quality.specificity, _share(predicted[labels == 0] == 0))
    if predicted.any():
        _near(quality.precision, metrics.precision_score(labels, predicted))
    if labels.any():
        _near(quality.recall, metrics.recall_score(labels, predicted))
    loss = metrics.log_loss(labels, scores, labels=[0, 1])
    _near(quality.log_loss, loss, LOSS_ERROR + ROUNDING)
    _near(quality.brier, np.mean((scores - labels) ** 2), LOSS_ERROR + ROUNDING)
    _check_calibration(quality, scores, labels)
    if 0 < labels.sum() < len(labels):
        _near(quality.balanced_accuracy, metrics.balanced_accuracy_score(labels, predicted))
        _check_ranking(quality, scores, labels)
    else:
        assert (quality.balanced_accuracy, quality.auc, quality.roc_curve) == (None, None, None)
    if len(set(labels)) == len(set(predicted)) == 2:
        _near(quality.matthews_correlation, metrics.matthews_corrcoef(labels, predicted))
    else:
        assert quality.matthews_correlation is None


def _share(rows: NDArray[np.bool_]) -> float | None:
    return float(rows.mean()) if len(rows) else None


def _check_ranking(
    quality: Quality, scores: NDArray[np.float64], labels: NDArray[np.int64]
) -> None:
    """Both classes are among the labels."""
    _near(quality.auc_error, _tied_pairs(scores, labels) / 2)
    _near(quality.auc, metrics.roc_auc_score(labels, scores), _bound(quality.auc_error))
    precision = metrics.average_precision_score(labels, scores)
    _near(quality.average_precision, precision, _bound(quality.average_precision_error))
    places = np.arange(len(labels))
    top = labels[np.argsort(-scores)] @ np.clip(len(labels) / 10 - places, 0, 1)
    lift = 10 * top / labels.sum()
    _near(quality.lift_top_decile, lift, _bound(quality.lift_top_decile_error))
    for point in quality.roc_curve or ():
        called = scores >= (np.inf if point.threshold is None else point.threshold)
        _near(point.false_positive_rate, called[labels == 0].mean())
        _near(point.true_positive_rate, called[labels == 1].mean())
    assert len(quality.roc_curve or ()) >= 2


def _bound(error: float | None) -> float:
    assert error is not None
    return error + ROUNDING


def _check_calibration(
    quality: Quality, scores: NDArray[np.float64], labels: NDArray[np.int64]
) -> None:
    tenths = np.minimum((scores * 10).astype(int), 9)
    curve = quality.calibration_curve
    assert curve is not None
    assert [point.labelled for point in curve] == [n for n in np.bincount(tenths) if n]
    for tenth, point in zip(np.unique(tenths), curve, strict=True):
        held = tenths == tenth
        _near(point.positive_rate, labels[held].mean())
        _near(point.mean_score, scores[held].mean(), CALIBRATION_ERROR + ROUNDING)


def _tied_pairs(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Share of the pairs of a late and a punctual flight whose scores lie in one score bin."""
    positives, _ = np.histogram(scores[labels == 1], EDGES)
    negatives, _ = np.histogram(scores[labels == 0], EDGES)
    return float(positives @ negatives / (positives.sum() * negatives.sum()))


def _check_moments(window: MetricRecord, rows: list[Row]) -> None:
    scores = np.array([row.score for row in rows])
    assert window.score.count == len(rows)
    _near(window.score.mean, scores.mean(), SCORE_UNIT / 2 + ROUNDING)
    for name, stats in window.features.items():
        values = [row.features[name] for row in rows]
        held = [value for value in values if value is not None]
        assert (stats.count, stats.missing) == (len(held), len(values) - len(held))
        if held and not isinstance(held[0], str):
            _near(stats.mean, np.mean(np.array(held, np.float64)))
            if len(held) > 1:
                _near(stats.deviation, np.std(np.array(held, np.float64), ddof=1))
    assert window.features.keys() == rows[0].features.keys()


def _check_drift(window: MetricRecord, rows: list[Row], reference: ReferenceProfile) -> int:
    assert window.reference == reference.id
    rate = np.mean([row.predicted for row in rows])
    assert reference.positive_rate is not None
    _near(window.traffic.predicted_positive_rate_change, rate - reference.positive_rate)
    for feature in reference.features:
        stats: FeatureStats = window.features[feature.name]
        values = [row.features[feature.name] for row in rows]
        held = [value for value in values if value is not None]
        if isinstance(feature, NumericReference):
            numbers = np.array(held, np.float64)
            bins = np.digitize(numbers, (feature.low, *feature.edges)) + (numbers > feature.high)
        else:
            places = {name: place for place, name in enumerate(feature.categories)}
            rare = dict.fromkeys(feature.rare or (), len(places))
            bins = np.array(
                [places.get(v, rare.get(v, len(places) + 1)) for v in held], dtype=np.int64
            )
        actual = np.bincount(bins, minlength=len(feature.counts))
        _near(stats.psi, _psi(np.array(feature.counts), actual) if held else None)
        assert not held or list(stats.bins) == actual.tolist()
    return len(reference.features)


def _psi(expected: NDArray[np.int64], actual: NDArray[np.int64]) -> float:
    held = (expected > 0) | (actual > 0)
    p, q = expected[held] + SMOOTHING, actual[held] + SMOOTHING
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum((q - p) * np.log(q / p)))


def _check_segments(
    windows: dict[tuple[int, int, str | None, str | None], MetricRecord],
    size: int,
    start: int,
    rows: list[Row],
) -> None:
    """Predictions, labels and errors of every segment."""
    expected: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        for field, value in row.segments:
            expected[field, value, "predictions"] += 1
            if row.label is not None:
                expected[field, value, "labelled"] += 1
                expected[field, value, "errors"] += row.label != row.predicted
    found: Counter[tuple[str, str, str]] = Counter()
    for (of_size, of_start, field, value), window in windows.items():
        if (of_size, of_start) == (size, start) and field is not None and value is not None:
            found[field, value, "predictions"] = window.predictions
            found[field, value, "labelled"] = window.labelled
            found[field, value, "errors"] = window.quality.errors or 0
    assert found == expected


def _near(found: float | None, expected: float | None, error: float = ROUNDING) -> None:
    if expected is None:
        assert found is None
    else:
        assert found == pytest.approx(expected, rel=ROUNDING, abs=error)
