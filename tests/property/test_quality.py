import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from tidegauge.core.stats.binary import binary_quality
from tidegauge.core.stats.calibration import CALIBRATION_BINS, CALIBRATION_ERROR
from tidegauge.core.stats.quality import LabelCounts, fold_labels

N_GROUPS = 3
ROWS = st.lists(
    st.tuples(
        st.one_of(st.floats(0, 1), st.just(np.nan)),
        st.integers(0, 1),
        st.integers(0, 1),
        st.sampled_from([1, -1]),
        st.integers(0, N_GROUPS - 1),
    ),
    max_size=40,
)


def fold(rows: list) -> list[LabelCounts]:
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    *columns, groups = table[:, 1:].astype(np.int64).T
    return fold_labels(table[:, 0], *columns, groups=groups, n_groups=N_GROUPS)


def merged(*parts: list[LabelCounts]) -> list[LabelCounts]:
    totals = [LabelCounts() for _ in range(N_GROUPS)]
    for part in parts:
        for total, counts in zip(totals, part, strict=True):
            total.add(counts)
    return totals


@given(ROWS, st.randoms())
def test_any_order_and_any_batches_give_the_same_counts(rows: list, random) -> None:
    whole = fold(rows)
    random.shuffle(rows)
    first, second = sorted(random.randint(0, len(rows)) for _ in range(2))
    parts = [fold(rows[:first]), fold(rows[first:second]), fold(rows[second:])]
    assert merged(*parts) == merged(*reversed(parts)) == whole


@given(ROWS)
def test_what_is_retracted_leaves_nothing(rows: list) -> None:
    retracted = [(*row[:3], -row[3], row[4]) for row in rows]
    assert all(counts.is_zero() for counts in merged(fold(rows), fold(retracted)))


@given(ROWS)
def test_wire_form_round_trips(rows: list) -> None:
    for counts in fold(rows):
        assert LabelCounts.from_wire(counts.to_wire()) == counts


@pytest.mark.parametrize(("rate", "resolution"), [(0.5, 0.01), (0.02, 0.03)])
@pytest.mark.parametrize("seed", range(5))
def test_figures_agree_with_scikit_learn(rate: float, resolution: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 3000
    labels = (rng.random(n) < rate).astype(np.int64)
    odds = np.log(rate / (1 - rate))
    scores = 1 / (1 + np.exp(-(odds + rng.normal(0, 1.5, n) + 1.5 * labels)))
    predicted = (scores > rate).astype(np.int64)
    ones = np.ones(n, dtype=np.int64)
    counts = fold_labels(scores, predicted, labels, ones, groups=ones * 0, n_groups=1)[0]
    quality = binary_quality(counts)

    confusion = [quality.tn, quality.fp, quality.fn, quality.tp]
    assert confusion == metrics.confusion_matrix(labels, predicted).ravel().tolist()
    assert quality.accuracy == metrics.accuracy_score(labels, predicted)
    assert quality.precision == metrics.precision_score(labels, predicted)
    assert quality.recall == metrics.recall_score(labels, predicted)
    assert quality.f1 == pytest.approx(metrics.f1_score(labels, predicted), rel=1e-15)
    balanced = metrics.balanced_accuracy_score(labels, predicted)
    assert quality.balanced_accuracy == pytest.approx(balanced, rel=1e-14)
    correlation = metrics.matthews_corrcoef(labels, predicted)
    assert quality.matthews_correlation == pytest.approx(correlation, abs=1e-14)
    specificity = metrics.recall_score(labels, predicted, pos_label=0)
    assert quality.specificity == specificity
    assert abs(quality.auc - metrics.roc_auc_score(labels, scores)) <= quality.auc_error
    assert quality.auc_error < resolution
    precision = metrics.average_precision_score(labels, scores)
    assert abs(quality.average_precision - precision) <= quality.average_precision_error
    assert quality.average_precision_error < 3 * resolution
    assert quality.log_loss == pytest.approx(metrics.log_loss(labels, scores), abs=2**-20)
    assert quality.brier == pytest.approx(metrics.brier_score_loss(labels, scores), abs=2**-20)

    bins = np.minimum((scores * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, scores, CALIBRATION_BINS) - np.bincount(bins, labels, CALIBRATION_BINS)
    assert quality.ece == pytest.approx(np.abs(gaps).sum() / n, abs=CALIBRATION_ERROR)
