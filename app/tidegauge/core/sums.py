"""What a slot counts: exact, mergeable, and reversible, so that a delta may be negative."""

from collections.abc import Callable
from typing import Any, Protocol, Self, TypeVar

import msgspec

from tidegauge.core.stats import exactsum
from tidegauge.core.stats.answers import AnswerCounts
from tidegauge.core.stats.attributions import AttributionCounts, JudgedAttributions
from tidegauge.core.stats.classes import ClassCounts
from tidegauge.core.stats.counts import add_counts
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.numbers import NumberCounts
from tidegauge.core.stats.paired import PairedCounts
from tidegauge.core.stats.quality import LabelCounts

SCORE_UNIT = 2.0**-20
"""Scores are summed in whole units of this size, so that no order of summing matters. The squares
of eight million scores of one batch fit in 64 bits."""

LATENCY_UNIT = 1e-6
"""Latencies are summed in whole microseconds."""


class TrafficCounts(msgspec.Struct, array_like=True):
    """Predictions of a slot, and the distributions of their answers, scores and latencies.

    ``classes`` counts the predictions whose answer is a class, ``positives`` the positive ones
    among them. ``score_sum`` is in units of `SCORE_UNIT` and ``score_squares`` in its square,
    ``latency_sum`` in `LATENCY_UNIT`; ``scores`` and ``latencies`` are sparse histograms.
    """

    predictions: int = 0
    classes: int = 0
    positives: int = 0
    scored: int = 0
    score_sum: int = 0
    score_squares: int = 0
    timed: int = 0
    latency_sum: int = 0
    scores: dict[int, int] = msgspec.field(default_factory=dict)
    latencies: dict[int, int] = msgspec.field(default_factory=dict)

    def add(self, other: "TrafficCounts", sign: int = 1) -> None:
        """Add (or with ``sign`` -1 take away) ``other``."""
        self.predictions += sign * other.predictions
        self.classes += sign * other.classes
        self.positives += sign * other.positives
        self.scored += sign * other.scored
        self.score_sum += sign * other.score_sum
        self.score_squares += sign * other.score_squares
        self.timed += sign * other.timed
        self.latency_sum += sign * other.latency_sum
        add_counts(self.scores, other.scores, sign)
        add_counts(self.latencies, other.latencies, sign)

    def to_wire(self) -> list[Any]:
        """Plain lists, integers, dicts and bytes for msgpack; squares can pass its 64 bits."""
        wire = list(msgspec.structs.astuple(self))
        wire[_SQUARES] = exactsum.encode(self.score_squares)
        return wire

    @classmethod
    def from_wire(cls, wire: list[Any]) -> "TrafficCounts":
        """The inverse of `to_wire`."""
        counts = cls(*wire)
        counts.score_squares = exactsum.decode(wire[_SQUARES])
        return counts


_SQUARES = TrafficCounts.__struct_fields__.index("score_squares")

FeatureTable = dict[str, dict[str, FeatureCounts]]
"""Feature counts by reference id (empty: none yet), then by feature."""


class _Counts(Protocol):
    def add(self, other: Self, sign: int = 1, /) -> None: ...


_C = TypeVar("_C", bound=_Counts)


def _added(mine: _C | None, other: _C | None, sign: int, empty: Callable[[], _C]) -> _C | None:
    if other is None:
        return mine
    counts = empty() if mine is None else mine
    counts.add(other, sign)
    return counts


class SlotSums:
    """All counts of one slot.

    ``traffic``, ``answers``, ``features`` and ``attributions`` are of all predictions. Of those
    with a label, ``labels`` has the pairs of binary classes, ``classes`` those of any two classes
    and ``numbers`` those of two numbers; a pair is counted in each that it fits, whatever the kind
    of the model, so the kind only decides which are shown. ``paired`` has, by other version, the
    requests that both versions answered, ``judged`` the attributions of right and wrong answers, by
    the label that came first, ``delays`` how long that took (see
    `tidegauge.core.stats.labeldelay`). Only the slots of whole versions have features, attributions
    and these three.
    """

    __slots__ = (
        "__weakref__",
        "answers",
        "attributions",
        "classes",
        "delays",
        "features",
        "judged",
        "labelled_changes",
        "labels",
        "numbers",
        "paired",
        "predicted_changes",
        "traffic",
    )

    def __init__(
        self,
        traffic: TrafficCounts | None = None,
        labels: LabelCounts | None = None,
        features: FeatureTable | None = None,
        *,
        answers: AnswerCounts | None = None,
        classes: ClassCounts | None = None,
        numbers: NumberCounts | None = None,
        paired: dict[str, PairedCounts] | None = None,
        attributions: AttributionCounts | None = None,
        judged: JudgedAttributions | None = None,
        delays: dict[int, int] | None = None,
    ) -> None:
        self.traffic = traffic
        self.answers = answers
        self.attributions = attributions
        self.judged = judged
        self.labels = labels
        self.classes = classes
        self.numbers = numbers
        self.features: FeatureTable = features or {}
        self.paired: dict[str, PairedCounts] = paired or {}
        self.delays: dict[int, int] = delays or {}
        self.predicted_changes = 0
        """How often counts of all predictions were added to."""
        self.labelled_changes = 0
        """How often counts of those with a label were."""

    def add(self, other: "SlotSums", sign: int = 1) -> None:
        """Add (or with ``sign`` -1 take away) ``other``."""
        self.predicted_changes += other.has_predicted()
        self.labelled_changes += other.has_labelled()
        self.traffic = _added(self.traffic, other.traffic, sign, TrafficCounts)
        self.answers = _added(self.answers, other.answers, sign, AnswerCounts)
        self.labels = _added(self.labels, other.labels, sign, LabelCounts)
        self.classes = _added(self.classes, other.classes, sign, ClassCounts)
        self.numbers = _added(self.numbers, other.numbers, sign, NumberCounts)
        add_counts(self.delays, other.delays, sign)
        if other.attributions is not None or other.judged is not None:
            self._add_attributions(other, sign)
        for reference, table in other.features.items():
            mine = self.features.setdefault(reference, {})
            for name, counts in table.items():
                if name not in mine:
                    mine[name] = FeatureCounts()
                mine[name].add(counts, sign)
        for version, pairs in other.paired.items():
            self.add_pairs(version, pairs, sign)

    def _add_attributions(self, other: "SlotSums", sign: int) -> None:
        self.attributions = _added(self.attributions, other.attributions, sign, AttributionCounts)
        self.judged = _added(self.judged, other.judged, sign, JudgedAttributions)

    def add_pairs(self, version: str, pairs: PairedCounts, sign: int = 1) -> None:
        """Add (or with ``sign`` -1 take away) pairs with another version."""
        mine = self.paired.setdefault(version, PairedCounts())
        mine.add(pairs, sign)
        if mine.is_zero():
            del self.paired[version]

    @property
    def predictions(self) -> int:
        """How many predictions are counted."""
        return self.traffic.predictions if self.traffic else 0

    def has_predicted(self) -> bool:
        """Whether there are counts of all predictions; those with attributions are in traffic."""
        return self.traffic is not None or self.answers is not None or bool(self.features)

    def has_labelled(self) -> bool:
        """Whether there are counts of predictions with a label."""
        unlabelled = self.labels is None and self.classes is None and self.numbers is None
        return not unlabelled or bool(self.paired or self.delays)

    def is_zero(self) -> bool:
        """Whether nothing is counted: what was added has been taken away."""
        labelled = (self.labels, self.classes, self.numbers)
        return not (self.predictions or self.paired) and all(
            counts is None or counts.is_zero() for counts in labelled
        )

    def all_features(self) -> dict[str, FeatureCounts]:
        """Feature counts of all predictions over all references.

        Their bins mean nothing and are left out. A prediction without a feature is missing it,
        whether or not the feature was known when the prediction was counted.
        """
        whole: dict[str, FeatureCounts] = {}
        for table in self.features.values():
            for name, counts in table.items():
                whole.setdefault(name, FeatureCounts()).add(counts)
        for counts in whole.values():
            counts.bins = {}
            counts.missing += self.predictions - counts.rows
            counts.rows = self.predictions
        return whole

    def to_wire(self) -> list[Any]:
        """Plain lists and dicts, for msgpack."""
        return [
            None if self.traffic is None else self.traffic.to_wire(),
            None if self.answers is None else self.answers.to_wire(),
            None if self.labels is None else self.labels.to_wire(),
            None if self.classes is None else self.classes.to_wire(),
            None if self.numbers is None else self.numbers.to_wire(),
            {version: pairs.to_wire() for version, pairs in self.paired.items()},
            None if self.attributions is None else self.attributions.to_wire(),
            None if self.judged is None else self.judged.to_wire(),
            self.delays,
            {
                reference: {name: counts.to_wire() for name, counts in table.items()}
                for reference, table in self.features.items()
            },
        ]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> "SlotSums":
        """The inverse of `to_wire`."""
        traffic, answers, labels, classes, numbers, paired, *others = wire
        attributions, judged, delays, features = others
        return cls(
            None if traffic is None else TrafficCounts.from_wire(traffic),
            None if labels is None else LabelCounts.from_wire(labels),
            {
                reference: {name: FeatureCounts.from_wire(counts) for name, counts in table.items()}
                for reference, table in features.items()
            },
            answers=None if answers is None else AnswerCounts.from_wire(answers),
            classes=None if classes is None else ClassCounts.from_wire(classes),
            numbers=None if numbers is None else NumberCounts.from_wire(numbers),
            paired={name: PairedCounts.from_wire(pairs) for name, pairs in paired.items()},
            attributions=attributions and AttributionCounts.from_wire(attributions),
            judged=judged and JudgedAttributions.from_wire(judged),
            delays=delays,
        )
