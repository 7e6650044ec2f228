"""Attributions of a model: what was normal for each version, and the figures of a window.

What is normal for a version is the sum of its first closed panes, for as long as a reference is
learned: `reference.learn` of event time and `reference.min_predictions` predictions that carry
attributions. It never changes after that; a version that comes later has its own.
"""

from collections.abc import Iterable
from typing import Any

from tidegauge.core.alertrecords import AttributionShift
from tidegauge.core.config import ModelKind, ReferenceConfig
from tidegauge.core.explain.attributed import shift
from tidegauge.core.records import AttributionStats, FeatureAttribution
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.attributions import (
    WHOLE_SHARE,
    AttributionCounts,
    JudgedAttributions,
    total_variation,
)
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.sums import SlotSums


class _Usual:
    """What is normal for one version."""

    def __init__(self, start: int, *, learned: bool, counts: AttributionCounts) -> None:
        self.start = start
        self.learned = learned
        self.counts = counts


class UsualAttributions:
    """What is normal for each version of one model."""

    def __init__(self) -> None:
        self._versions: dict[str, _Usual] = {}
        self.changed: set[str] = set()

    def close(
        self, version: str, start: int, end: int, pane: SlotSums, config: ReferenceConfig
    ) -> None:
        """Take a closed pane of a version, from ``start`` to ``end`` in ms."""
        if pane.attributions is None or not pane.attributions.rows:
            return
        usual = self._versions.get(version)
        if usual is None:
            usual = _Usual(start, learned=False, counts=AttributionCounts())
            self._versions[version] = usual
        if usual.learned:
            return
        usual.counts.add(pane.attributions)
        enough = usual.counts.rows >= config.min_predictions
        usual.learned = enough and end - usual.start >= config.learn_ms
        self.changed.add(version)

    def shares(self, version: str) -> dict[str, float]:
        """The shares of features that are normal for a version; none until they are learned."""
        usual = self._versions.get(version)
        return usual.counts.shares() if usual is not None and usual.learned else {}

    def to_state(self, version: str) -> list[Any]:
        """Plain values for msgpack."""
        usual = self._versions[version]
        return [usual.start, usual.learned, usual.counts.to_wire()]

    def restore(self, version: str, state: list[Any]) -> None:
        """Take back what `to_state` gave."""
        start, learned, counts = state
        self._versions[version] = _Usual(
            start, learned=learned, counts=AttributionCounts.from_wire(counts)
        )


def attribution_stats(
    sums: SlotSums, kind: ModelKind, usual: dict[str, float]
) -> AttributionStats | None:
    """The attributions of a window; None where no prediction carries any.

    Args:
        sums: the counts of the window.
        kind: the kind of the model.
        usual: what is normal for the version; empty if that is not known.
    """
    counts = sums.attributions
    if counts is None or not counts.rows:
        return None
    shares = counts.shares()
    labelled, right, wrong = judged_shares(sums.judged or JudgedAttributions(), kind)
    return AttributionStats(
        count=counts.rows,
        drift=total_variation(shares, usual) if shares and usual else None,
        labelled=labelled,
        features={
            name: FeatureAttribution(
                mean_absolute=exactsum.mean(counts.rows, counts.magnitudes.get(name, 0)) or 0.0,
                share=shares.get(name, 0.0) if shares else None,
                learned_share=usual.get(name, 0.0) if usual else None,
                right_share=right.get(name, 0.0) if right is not None else None,
                wrong_share=wrong.get(name, 0.0) if wrong is not None else None,
            )
            for name in sorted(counts.magnitudes.keys() | usual.keys())
        },
    )


def shift_of_errors(
    before: FirstLabels, now: FirstLabels, kind: ModelKind
) -> AttributionShift | None:
    """How the attributions of labelled answers changed; None where none carries any.

    Args:
        before: first labels from which the detector learned.
        now: first labels of the alert's window.
        kind: the kind of the model.
    """
    labelled, shares = _all_shares(now.judged, kind)
    if shares is None:
        return None
    _, right, wrong = judged_shares(now.judged or JudgedAttributions(), kind)
    return shift(labelled, _all_shares(before.judged, kind)[1], shares, right, wrong)


def shift_of_answers(
    panes: Iterable[tuple[str, SlotSums]], usual: UsualAttributions
) -> AttributionShift | None:
    """How the attributions of all answers changed; None where none carries any.

    What is usual of several versions are their usual shares, weighted with what each of them has
    of the magnitudes in the window.

    Args:
        panes: the sums of versions in the alert's window.
        usual: what is normal for each version.
    """
    of_versions: dict[str, AttributionCounts] = {}
    for version, sums in panes:
        if sums.attributions is not None:
            of_versions.setdefault(version, AttributionCounts()).add(sums.attributions)
    everything = AttributionCounts()
    for counts in of_versions.values():
        everything.add(counts)
    shares = everything.shares()
    if not shares:
        return None
    whole = sum(everything.magnitudes.values())
    before: dict[str, float] = {}
    for version, counts in sorted(of_versions.items()):
        weight = sum(counts.magnitudes.values()) / whole
        known = usual.shares(version)
        if weight and not known:
            return shift(everything.rows, None, shares)
        for name, share in known.items():
            before[name] = before.get(name, 0.0) + weight * share
    return shift(everything.rows, before, shares)


def _all_shares(
    judged: JudgedAttributions | None, kind: ModelKind
) -> tuple[int, dict[str, float] | None]:
    """How many labelled answers carry attributions, and the mean shares in them."""
    if judged is None:
        return 0, None
    if kind is ModelKind.REGRESSION:
        return judged.numbers, _means(judged.number_shares, judged.numbers)
    return judged.classes, _means(judged.class_shares, judged.classes)


def judged_shares(
    judged: JudgedAttributions, kind: ModelKind
) -> tuple[int, dict[str, float] | None, dict[str, float] | None]:
    """How many labelled answers carry attributions, and the mean shares in right and wrong ones.

    Of a regression model: in all, and in all weighted with the absolute error. None where there
    are none.
    """
    if kind is ModelKind.REGRESSION:
        labelled, everything = _all_shares(judged, kind)
        unit = judged.absolute * WHOLE_SHARE
        weighted = {name: total / unit for name, total in judged.absolute_shares.items() if unit}
        return labelled, everything, weighted if judged.absolute else None
    right = {
        name: total - judged.wrong_shares.get(name, 0)
        for name, total in judged.class_shares.items()
    }
    wrong = _means(judged.wrong_shares, judged.wrong)
    return judged.classes, _means(right, judged.classes - judged.wrong), wrong


def _means(sums: dict[str, int], count: int) -> dict[str, float] | None:
    return {name: total / (count * WHOLE_SHARE) for name, total in sums.items()} if count else None
