"""The ways to cut first labels into cells: by version, by segment field, by feature."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple, TypeVar

from tidegauge.core.alertrecords import CauseKind
from tidegauge.core.config import ModelKind
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.compare import bin_labels
from tidegauge.core.stats.decompose import Change, Total
from tidegauge.core.stats.errorbins import Cells, ErrorBins
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.reference import MISSING, ReferenceProfile

Series = TypeVar("Series", bound=tuple[str, str, str])
"""Version, segment field and value; the whole version has an empty field."""


class Dimension(NamedTuple):
    """One way to cut, and its cells by name."""

    kind: CauseKind
    name: str
    cells: dict[str, Change]


def total(first: FirstLabels, kind: ModelKind) -> Total:
    """First labels as a model of this kind reads them."""
    if kind is ModelKind.REGRESSION:
        return Total(first.numbers, Fraction(exactsum.to_float(first.absolute)))
    return Total(first.trials, Fraction(first.errors))


def whole(of_series: Mapping[Series, FirstLabels]) -> FirstLabels:
    """All first labels, over all versions."""
    found = FirstLabels()
    for series, first in of_series.items():
        if not series[1]:
            found.add(first)
    return found


def dimensions(
    before: Mapping[Series, FirstLabels],
    now: Mapping[Series, FirstLabels],
    kind: ModelKind,
    profiles: Mapping[str, ReferenceProfile],
) -> Iterator[Dimension]:
    """All that cut both into at least two cells.

    Args:
        before: first labels of the baseline.
        now: first labels of the window.
        kind: of the model.
        profiles: references by id. Features are compared under those that both times have counts
            of, since bins of different references are not the same.
    """
    found = [*_series(before, now, kind), *_features(before, now, kind, profiles)]
    for dimension in found:
        if len(dimension.cells) > 1:
            yield dimension


def _series(
    before: Mapping[Series, FirstLabels], now: Mapping[Series, FirstLabels], kind: ModelKind
) -> Iterator[Dimension]:
    cells: dict[tuple[CauseKind, str], dict[str, Change]] = {}
    for at, labels in enumerate((before, now)):
        for series, first in labels.items():
            version, field, segment = series
            cut = (CauseKind.SEGMENT, field) if field else (CauseKind.VERSION, "version")
            value = segment if field else version
            _add(cells.setdefault(cut, {}), value, at, total(first, kind))
    for (what, name), table in sorted(cells.items()):
        yield Dimension(what, name, table)


def _features(
    before: Mapping[Series, FirstLabels],
    now: Mapping[Series, FirstLabels],
    kind: ModelKind,
    profiles: Mapping[str, ReferenceProfile],
) -> Iterator[Dimension]:
    features: dict[str, dict[str, Change]] = {}
    counted = [whole(labels).bins for labels in (before, now)]
    for reference in sorted(counted[0].keys() & counted[1].keys() & profiles.keys()):
        cells = Cells(profiles[reference])
        for at, bins in enumerate(counted):
            for name, value, found in _bins(cells, bins[reference], kind):
                _add(features.setdefault(name, {}), value, at, found)
    for name, table in sorted(features.items()):
        yield Dimension(CauseKind.FEATURE, name, table)


def _bins(cells: Cells, bins: ErrorBins, kind: ModelKind) -> Iterator[tuple[str, str, Total]]:
    regression = kind is ModelKind.REGRESSION
    counts = cells.split(bins.numbers if regression else bins.trials)
    errors = cells.split(bins.absolute if regression else bins.errors)
    for feature, count, wrong in zip(cells.features, counts, errors, strict=True):
        labels = bin_labels(feature)
        for code, number in count.items():
            off = wrong.get(code, 0)
            error = Fraction(exactsum.to_float(off)) if regression else Fraction(off)
            yield feature.name, code_label(labels, code), Total(number, error)


def code_label(labels: list[str], code: int) -> str:
    """What a code of a feature stands for, in words."""
    if code < len(labels):
        return labels[code]
    return "missing" if code == MISSING else "wrong type"


def _add(cells: dict[str, Change], value: str, at: int, found: Total) -> None:
    if not found.n:
        return
    known = cells.get(value, Change())
    changed = [known.before, known.now]
    changed[at] = changed[at].plus(found)
    cells[value] = Change(*changed)
