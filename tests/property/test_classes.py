"""Counts by class: merged and retracted exactly; figures as scikit-learn's."""

from collections.abc import Sequence

import numpy as np
import pytest
from countlaws import check_laws
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from tidegauge.core.stats.calibration import CALIBRATION_BINS, CALIBRATION_ERROR
from tidegauge.core.stats.classes import OTHER, ClassCounts, fold_classes
from tidegauge.core.stats.multiclass import multiclass_quality
from tidegauge.core.stats.quality import LabelCounts, fold_labels

N_GROUPS = 3
NAMES = ["0", "1", "x", OTHER]
PAIRS = [(p, label) for p in NAMES for label in NAMES]
ROWS = st.lists(
    st.tuples(
        st.one_of(st.floats(0, 1), st.just(np.nan)),
        st.integers(0, len(PAIRS)),
        st.sampled_from([1, -1]),
        st.integers(0, N_GROUPS - 1),
    ),
    max_size=40,
)
Row = tuple[float, int, int, int]


def fold(rows: Sequence[Row]) -> list[ClassCounts]:
    """The pair after the last is that of two classes that are both over the limit and differ."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    pairs, signs, groups = table[:, 1:].astype(np.int64).T
    names = [*PAIRS, (OTHER, OTHER)]
    right = np.array([p == label for p, label in PAIRS] + [False])
    binary = np.array([{p, label} <= {"0", "1"} for p, label in names])
    return fold_classes(
        table[:, 0],
        pairs,
        signs,
        names=names,
        right=right,
        binary=binary,
        groups=groups,
        n_groups=N_GROUPS,
    )


@given(ROWS, st.randoms())
def test_they_add_up_are_retracted_and_stored(rows: list[Row], random) -> None:
    check_laws(ClassCounts, fold, rows, random)


def counted(
    predicted: list[str], labels: list[str], scores: np.ndarray
) -> tuple[ClassCounts, LabelCounts]:
    """Counts as collect folds them: binary pairs are scored among the binary ones."""
    names = list(dict.fromkeys(zip(predicted, labels, strict=True)))
    pairs = np.array([names.index(pair) for pair in zip(predicted, labels, strict=True)])
    ones = np.ones(len(pairs), np.int64)
    binary = np.array([{p, label} <= {"0", "1"} for p, label in names])
    (classes,) = fold_classes(
        scores,
        pairs,
        ones,
        names=names,
        right=np.array([p == label for p, label in names]),
        binary=binary,
        groups=ones * 0,
        n_groups=1,
    )
    held = np.flatnonzero(binary[pairs])
    two = [np.array([int(column[i]) for i in held], np.int64) for column in (predicted, labels)]
    (small,) = fold_labels(scores[held], *two, ones[held], groups=ones[held] * 0, n_groups=1)
    return classes, small


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("names", [["0", "1", "2"], ["a", "b", "c", "d", "e"]])
def test_figures_agree_with_scikit_learn(names: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 500
    labels = rng.choice(names, n).tolist()
    predicted = [label if rng.random() < 0.6 else rng.choice(names) for label in labels]
    if seed % 2:
        predicted = [names[0] if p == names[-1] else p for p in predicted]
    scores = rng.random(n)
    classes, small = counted(predicted, labels, scores)
    quality = multiclass_quality(classes, small, 20)

    told = sorted({*predicted, *labels})
    matrix = metrics.confusion_matrix(labels, predicted, labels=told)
    found = [[quality.confusion.get((p, label), 0) for p in told] for label in told]
    assert found == matrix.tolist()
    assert quality.accuracy == metrics.accuracy_score(labels, predicted)
    assert quality.n - quality.right == metrics.zero_one_loss(labels, predicted, normalize=False)
    by_class = metrics.precision_recall_fscore_support(
        labels, predicted, labels=told, zero_division=np.nan
    )
    for place, name in enumerate(told):
        one = quality.classes[name]
        expected = [None if np.isnan(x[place]) else x[place] for x in by_class]
        assert [one.precision, one.recall, one.f1, one.support] == [
            None if x is None else pytest.approx(x, rel=1e-15) for x in expected
        ]
    macro = metrics.precision_recall_fscore_support(
        labels, predicted, average="macro", zero_division=np.nan
    )
    assert (quality.precision, quality.recall, quality.f1) == pytest.approx(macro[:3], rel=1e-14)

    right = np.array([p == label for p, label in zip(predicted, labels, strict=True)])
    bins = np.minimum((scores * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, scores, CALIBRATION_BINS) - np.bincount(bins, right, CALIBRATION_BINS)
    assert quality.ece == pytest.approx(np.abs(gaps).sum() / n, abs=CALIBRATION_ERROR)


CELLS = st.dictionaries(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), st.integers(1, 50), max_size=20
)


@given(CELLS, st.integers(2, 6))
def test_folding_classes_keeps_what_is_right_and_what_is_wrong(
    confusion: dict[tuple[str, str], int], limit: int
) -> None:
    whole = multiclass_quality(ClassCounts(confusion), None, 6)
    folded = multiclass_quality(ClassCounts(confusion), None, limit)
    assert (folded.n, folded.right, folded.accuracy) == (whole.n, whole.right, whole.accuracy)
    assert len(folded.classes.keys() - {OTHER}) <= limit
    assert sum(one.support for one in folded.classes.values()) == whole.n
    assert sum(one.true_positives for one in folded.classes.values()) == whole.right
    for name in folded.classes.keys() - {OTHER}:
        assert folded.classes[name] == whole.classes[name]


def test_an_empty_window_is_undefined_and_never_zero() -> None:
    quality = multiclass_quality(ClassCounts(), None, 20)
    assert (quality.n, quality.classes, quality.confusion) == (0, {}, {})
    figures = (quality.accuracy, quality.precision, quality.recall, quality.f1, quality.ece)
    assert figures == (None,) * 5
