"""Faults for `injected.py`: what is broken, how badly, and what an alert should then say.

Each kind is drawn with a target and a size from the lists below, in force for one, two, four or
seven days. Sizes are moderate to large: beyond the smallest effect that is worth an alert by the
default settings (0.5 standard deviations of a mean over all predictions, 0.2 on the arcsine scale
of a rate, half of a count), below which silence is what is asked for. Two carriers or airports that
are swapped hardly change the figure that tells swaps, and are left in all the same.
"""

import math
import zlib
from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

import msgspec

from tidegauge.core.alertrecords import Cause, CauseKind, Effect
from tidegauge.core.events import Features, FeatureValue, Feedback, Prediction, Probabilities
from tidegauge.demo.faults import Faults
from tidegauge.demo.flights import MINUTE_MS, Flight
from tidegauge.demo.model import BinaryModel, load_model
from tidegauge.demo.tasks import ModelName, Status

Event = Prediction | Feedback

ANSWERS = frozenset({"ScoreDrift", "PredictionDrift", "ClassShareDrift", "UnexplainedPredictions"})
ERRORS = frozenset({"ErrorRateChanged", "AbsoluteErrorChanged"})
OF_FEATURES = frozenset(
    {
        *("FeatureDrift", "FeatureMissing", "FeatureOutOfRange", "FeatureUnseenCategory"),
        *("FeatureCategoriesDrift", "FeatureConstant", "FeatureStale"),
    }
)
NO_TRAFFIC = frozenset({"TrafficLoss", "PredictionsStale"})
NO_LABELS = frozenset({"LabelLoss", "LabelsStale"})

AIRPORTS = ("EWR", "JFK", "LGA")
LARGE_CARRIERS = ("UA", "B6", "EV", "DL")
UNITS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "departure_delay_minutes": (("seconds for minutes", 60.0), ("milliseconds", 60_000.0)),
    "recent_delay_minutes": (("seconds for minutes", 60.0), ("milliseconds", 60_000.0)),
    "scheduled_duration_minutes": (("seconds for minutes", 60.0), ("hours for minutes", 1 / 60)),
    "distance_miles": (("kilometres for miles", 1.609344), ("metres for miles", 1609.344)),
    "humidity_percent": (("a share for percent", 0.01), ("per mille for percent", 10.0)),
    "visibility_miles": (("kilometres for miles", 1.609344), ("metres for miles", 1609.344)),
    "aircraft_seats": (("thousands", 0.001), ("dozens", 1 / 12)),
}
STUCK_AT = ("0", "-1", "9999", "the last value")
MISSING_SHARES = (0.1, 0.3, 1.0)
OFFSETS = (-3.0, -2.0, -1.5, 1.5, 2.0, 3.0)
"""Standard deviations of the feature in training."""
AIRPORT_QUEUES = (45, 60, 90)
CARRIER_QUEUES = (90, 120)
"""Minutes that flights are late beyond what their features say."""
BAD_ANSWERS = ("swapped", "biased")
BIAS = 2.0
"""On the logit scale, of a probability."""
BIAS_MINUTES = 60.0
SLOWER = (1.5, 2.0, 4.0, 10.0)
LOST = (0.6, 0.8, 1.0)
WRONG = (0.3, 0.4, 0.5)
"""Share of labels that are wrong."""
WRONG_MINUTES = 60.0


class Expected(NamedTuple):
    """What makes an alert one of the fault, and a cause the right one."""

    alerts: frozenset[str]
    feature: str
    """The one that alerts of features must be about."""
    direct: frozenset[str]
    """Those of the alerts that are about what is broken itself."""
    cause: Callable[[Cause], bool]
    deployed: str = ""
    """With what the summary of the incident may begin instead."""


class Injection(Faults):
    """A fault in force from one moment up to another (ms); this one does nothing."""

    def __init__(self, start_ms: int, end_ms: int) -> None:
        super().__init__()
        self._start, self._end = start_ms, end_ms

    def active(self, time_ms: int) -> bool:
        """Whether it is in force."""
        return self._start <= time_ms < self._end

    def event(self, event: Event, time_ms: int) -> Event | None:
        """What is published instead; None for nothing."""
        return self.published(event) if self.active(time_ms) else event

    def published(self, event: Event) -> Event | None:
        """The same, while it is in force."""
        return event


class Plan(NamedTuple):
    """One fault to inject."""

    kind: str
    what: str
    size: str
    injection: Injection
    expected: Expected


class When(NamedTuple):
    """When a fault is in force, and of which model."""

    model: ModelName
    start_ms: int
    end_ms: int


# ------------------------------------------------------------------ inputs


class BrokenFeature(Injection):
    """One feature reaches the model, and the log, as a function makes it of what it was."""

    def __init__(
        self, when: When, feature: str, change: Callable[[FeatureValue], FeatureValue]
    ) -> None:
        super().__init__(when.start_ms, when.end_ms)
        self._feature, self._change = feature, change

    def features(self, features: Features, time_ms: int) -> Features:
        """The features as they reach a model that is asked at ``time_ms``."""
        if not self.active(time_ms):
            return features
        return {**features, self._feature: self._change(features[self._feature])}


def _of_feature(feature: str, *direct: str) -> Expected:
    return Expected(
        OF_FEATURES | ANSWERS | ERRORS,
        feature,
        frozenset(direct),
        lambda cause: cause.kind is CauseKind.FEATURE and cause.name == feature,
    )


def _numbers(model: ModelName) -> list[str]:
    return sorted(load_model(model, "1").linear.numbers)


def unit(rng: Random, when: When) -> Plan:
    """A number comes in another unit."""
    feature = rng.choice(_numbers(when.model))
    words, factor = rng.choice(UNITS[feature])

    def change(value: FeatureValue) -> FeatureValue:
        return value * factor if isinstance(value, int | float) else value

    expected = _of_feature(feature, "FeatureDrift", "FeatureOutOfRange")
    return Plan("unit", feature, words, BrokenFeature(when, feature, change), expected)


def stuck(rng: Random, when: When) -> Plan:
    """A number is always the same."""
    feature, size = rng.choice(_numbers(when.model)), rng.choice(STUCK_AT)
    held: list[FeatureValue] = [] if size == "the last value" else [float(size)]

    def change(value: FeatureValue) -> FeatureValue:
        if not held and value is not None:
            held.append(value)
        return held[0] if held else None

    expected = _of_feature(feature, "FeatureDrift", "FeatureOutOfRange", "FeatureConstant")
    return Plan("stuck", feature, size, BrokenFeature(when, feature, change), expected)


def missing(rng: Random, when: When) -> Plan:
    """Values are missing at random."""
    feature = rng.choice([*_numbers(when.model), "carrier", "origin"])
    share = rng.choice(MISSING_SHARES)
    chance = Random(rng.random())  # noqa: S311 - repeatable, no secret

    def change(value: FeatureValue) -> FeatureValue:
        return None if chance.random() < share else value

    expected = _of_feature(feature, "FeatureMissing")
    injection = BrokenFeature(when, feature, change)
    return Plan("missing", feature, f"{share:.0%}", injection, expected)


def categories(rng: Random, when: When) -> Plan:
    """Categories are spelled otherwise, swapped, or one takes the place of all."""
    feature = rng.choice(("carrier", "origin"))
    known = LARGE_CARRIERS if feature == "carrier" else AIRPORTS
    one, other = rng.sample(known, 2)
    size, change = rng.choice(
        (
            (f"{one} renamed", _mapping({one: f"{one}2"})),
            ("lower case", lambda value: str(value).lower()),
            (f"{one} and {other} swapped", _mapping({one: other, other: one})),
            (f"always {one}", lambda _: one),
        )
    )
    direct = ("FeatureUnseenCategory", "FeatureCategoriesDrift")
    return Plan(
        "categories",
        feature,
        size,
        BrokenFeature(when, feature, change),
        _of_feature(feature, *direct),
    )


def _mapping(names: Mapping[str, str]) -> Callable[[FeatureValue], FeatureValue]:
    return lambda value: names.get(str(value), value)


def offset(rng: Random, when: When) -> Plan:
    """A number is off by a constant."""
    feature, size = rng.choice(_numbers(when.model)), rng.choice(OFFSETS)
    off = size * load_model(when.model, "1").linear.numbers[feature].deviation

    def change(value: FeatureValue) -> FeatureValue:
        return value + off if isinstance(value, int | float) else value

    injection = BrokenFeature(when, feature, change)
    expected = _of_feature(feature, "FeatureDrift", "FeatureOutOfRange")
    return Plan("offset", feature, f"{size:+g} deviations", injection, expected)


# ------------------------------------------------------------------ the world


class Queue(Injection):
    """Flights of one airport or carrier arrive later than their features say."""

    def __init__(self, when: When, field: str, value: str, minutes: int) -> None:
        super().__init__(when.start_ms, when.end_ms)
        self._field, self._value, self._minutes = field, value, minutes

    def flight(self, flight: Flight) -> Flight:
        """The flight as it really went."""
        if (
            getattr(flight, self._field) != self._value
            or flight.departure_ms is None
            or flight.arrival_ms is None
            or flight.arrival_delay is None
            or not self.active(flight.departure_ms)
        ):
            return flight
        return msgspec.structs.replace(
            flight,
            arrival_ms=flight.arrival_ms + self._minutes * MINUTE_MS,
            arrival_delay=flight.arrival_delay + self._minutes,
        )


def segment(rng: Random, when: When) -> Plan:
    """The same inputs mean something else in one segment."""
    field, values, queues = rng.choice(
        (("origin", AIRPORTS, AIRPORT_QUEUES), ("carrier", LARGE_CARRIERS, CARRIER_QUEUES))
    )
    value, minutes = rng.choice(values), rng.choice(queues)

    def cause(cause: Cause) -> bool:
        named = cause.kind in (CauseKind.SEGMENT, CauseKind.FEATURE) and cause.name == field
        return named and cause.value == value and cause.effect is Effect.CONCEPT_SHIFT

    return Plan(
        "segment",
        f"{field} {value}",
        f"{minutes} min later",
        Queue(when, field, value, minutes),
        Expected(ERRORS, "", ERRORS, cause),
    )


# ------------------------------------------------------------------ the model


class BadVersion(Injection):
    """The champion's answers are those of a bad model, under a new version of model or code."""

    def __init__(self, when: When, name: str, how: str) -> None:
        super().__init__(when.start_ms, when.end_ms)
        champion = load_model(when.model, "1")
        self._threshold = champion.threshold if isinstance(champion, BinaryModel) else 0.5
        self._version, self._code = (name, champion.code_version) if name == "2" else ("1", name)
        self._how = how

    def published(self, event: Event) -> Event:
        """The answer, made worse."""
        if isinstance(event, Feedback) or event.version != "1":
            return event
        return msgspec.structs.replace(
            event, version=self._version, code_version=self._code, **self._answer(event)
        )

    def _answer(self, event: Prediction) -> dict[str, object]:
        if event.score is not None:
            score = 1.0 - event.score if self._how == "swapped" else _biased(event.score)
            return {"score": score, "prediction": int(score >= self._threshold)}
        if event.probabilities is not None:
            return self._class(event.probabilities)
        answer = float(event.prediction)
        return {"prediction": -answer if self._how == "swapped" else answer + BIAS_MINUTES}

    def _class(self, shares: Probabilities) -> dict[str, object]:
        if self._how == "swapped":
            names = list(shares)
            turned = dict(zip(names, [*list(shares.values())[1:], shares[names[0]]], strict=True))
        else:
            odds = {n: p * math.exp(BIAS * (n == Status.VERY_LATE)) for n, p in shares.items()}
            total = sum(odds.values())
            turned = {name: odd / total for name, odd in odds.items()}
        return {"probabilities": turned, "prediction": max(turned, key=turned.__getitem__)}


def _biased(score: float) -> float:
    odds = score / max(1.0 - score, 1e-12) * math.exp(BIAS)
    return odds / (1.0 + odds)


def version(rng: Random, when: When) -> Plan:
    """A bad version of the model, or of its serving code, is deployed."""
    name, how = rng.choice(("2", "1.0.1")), rng.choice(BAD_ANSWERS)
    kind = CauseKind.VERSION if name == "2" else CauseKind.CODE_VERSION
    what = f"{kind.value.replace('_', ' ')} {name}"
    expected = Expected(
        ANSWERS | ERRORS,
        "",
        ANSWERS | ERRORS,
        lambda cause: cause.kind is kind and cause.name == name,
        f"{what} came in",
    )
    return Plan("version", what, f"answers {how}", BadVersion(when, name, how), expected)


# ------------------------------------------------------------------ the service


class Slower(Injection):
    """Answers take longer."""

    def __init__(self, when: When, factor: float) -> None:
        super().__init__(when.start_ms, when.end_ms)
        self._factor = factor

    def published(self, event: Event) -> Event:
        """With a longer latency."""
        if isinstance(event, Feedback) or event.latency_seconds is None:
            return event
        return msgspec.structs.replace(event, latency_seconds=event.latency_seconds * self._factor)


class Lost(Injection):
    """Some events don't come: predictions, or labels."""

    def __init__(
        self, when: When, of: type[Prediction] | type[Feedback], lost: Callable[[Event], bool]
    ) -> None:
        super().__init__(when.start_ms, when.end_ms)
        self._of, self._lost = of, lost

    def published(self, event: Event) -> Event | None:
        """The event, or nothing."""
        return None if isinstance(event, self._of) and self._lost(event) else event


def _drawn(rng: Random, share: float) -> Callable[[Event], bool]:
    """Whether a request is one of such a share of all."""
    salt = str(rng.random())
    return lambda event: zlib.crc32((salt + event.request_id).encode()) < share * 2**32


def _silent(name: str) -> Callable[[Cause], bool]:
    silent = frozenset({Effect.SILENCE, Effect.STALE})
    return lambda cause: cause.effect in silent and cause.name == name


def slow(rng: Random, when: When) -> Plan:
    """The service becomes slow."""
    factor, names = rng.choice(SLOWER), frozenset({"LatencyChanged"})
    expected = Expected(names, "", names, lambda cause: cause.effect is Effect.SLOWER)
    return Plan("slow", "latency", f"times {factor:g}", Slower(when, factor), expected)


def traffic(rng: Random, when: When) -> Plan:
    """Predictions are not published any more: at random, or those of an airport."""
    share = rng.choice((*LOST, None))
    if share is None:
        return _airport_lost(rng, when)
    lost = Lost(when, Prediction, _drawn(rng, share))
    expected = Expected(NO_TRAFFIC | NO_LABELS, "", NO_TRAFFIC, _silent("traffic"))
    return Plan("traffic", "predictions", f"{share:.0%} lost", lost, expected)


def _airport_lost(rng: Random, when: When) -> Plan:
    airport = rng.choice(AIRPORTS)

    def lost(event: Event) -> bool:
        return isinstance(event, Prediction) and event.segments["origin"] == airport

    direct = frozenset({"TrafficLoss", "FeatureCategoriesDrift"})
    expected = Expected(direct | NO_LABELS, "origin", direct, lambda cause: cause.name == "origin")
    injection = Lost(when, Prediction, lost)
    return Plan("traffic", f"origin {airport}", "100% lost", injection, expected)


def labels(rng: Random, when: When) -> Plan:
    """Labels don't come any more, in part or at all."""
    share = rng.choice(LOST)
    lost = Lost(when, Feedback, _drawn(rng, share))
    expected = Expected(NO_LABELS, "", NO_LABELS, _silent("labels"))
    return Plan("labels", "feedback", f"{share:.0%} lost", lost, expected)


class WrongLabels(Injection):
    """Some labels are wrong."""

    def __init__(self, when: When, wrong: Callable[[Event], bool]) -> None:
        super().__init__(when.start_ms, when.end_ms)
        self._wrong = wrong

    def published(self, event: Event) -> Event:
        """With another class, or a number that is too large."""
        if isinstance(event, Prediction) or not self._wrong(event):
            return event
        return msgspec.structs.replace(event, label=_other(event))


def _other(event: Feedback) -> int | float | str:
    if isinstance(event.label, str):
        classes = list(Status)
        return str(classes[(classes.index(Status(event.label)) + 1) % len(classes)])
    return event.label + WRONG_MINUTES if isinstance(event.label, float) else 1 - event.label


def wrong(rng: Random, when: When) -> Plan:
    """Labels are wrong everywhere alike."""
    share = rng.choice(WRONG)
    expected = Expected(ERRORS, "", ERRORS, lambda cause: cause.kind is CauseKind.MODEL)
    injection = WrongLabels(when, _drawn(rng, share))
    return Plan("wrong labels", "feedback", f"{share:.0%} wrong", injection, expected)


class Kind(NamedTuple):
    """What a kind is, and how a fault of it is drawn."""

    words: str
    draw: Callable[[Random, When], Plan]


KINDS: Mapping[str, Kind] = {
    "unit": Kind("a feature in another unit", unit),
    "stuck": Kind("a feature stuck at one value", stuck),
    "missing": Kind("values of a feature missing", missing),
    "categories": Kind("categories renamed, swapped or replaced", categories),
    "offset": Kind("a feature off by a constant", offset),
    "segment": Kind("concept shift in one segment", segment),
    "version": Kind("a bad version of model or code", version),
    "slow": Kind("slow service", slow),
    "traffic": Kind("predictions lost", traffic),
    "labels": Kind("labels lost", labels),
    "wrong labels": Kind("wrong labels", wrong),
}
ON_LABELS = frozenset({"segment", "wrong labels"})
"""Those that only labels can show."""
