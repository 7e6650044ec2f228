"""Thresholds, calibration maps and segments: optima are optima, sums add up, gains are honest."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from tidegauge.core.config import Costs, ModelKind
from tidegauge.core.improve.halves import REPEATS, halves
from tidegauge.core.improve.improve import MIN_LABELS, Counts, improvement
from tidegauge.core.improve.isotonic import isotonic, recalibration
from tidegauge.core.improve.segments import Errors, Part, best_segments, segment_gains
from tidegauge.core.improve.threshold import COST_THRESHOLDS, best_threshold
from tidegauge.core.stats.quality import LabelCounts, fold_labels
from tidegauge.core.stats.scorebins import EDGES, LOWER, MIDDLE, N_BINS

few_bins = st.lists(st.integers(0, N_BINS - 1), min_size=1, max_size=12)
costs = st.builds(
    Costs,
    false_positive=st.integers(1, 9).map(float),
    false_negative=st.integers(1, 9).map(float),
    true_positive=st.integers(-9, 0).map(float),
    true_negative=st.integers(-9, 0).map(float),
)


@st.composite
def cells(draw: st.DrawFn) -> np.ndarray:
    """Counts by score bin, decision and label."""
    counts = np.zeros((N_BINS, 2, 2), np.int64)
    for place in draw(few_bins):
        counts[place] += np.array(
            draw(st.lists(st.integers(0, 40), min_size=4, max_size=4))
        ).reshape(2, 2)
    counts[draw(st.integers(0, N_BINS - 1)), 0, 0] += 1
    return counts


def price(table: Costs, decision: int, label: int) -> float:
    return (
        (table.true_negative, table.false_negative),
        (table.false_positive, table.true_positive),
    )[decision][label]


def total(counts: np.ndarray, table: Costs, edge: int) -> float:
    """The cost of calling every bin from ``edge`` on positive, row by row."""
    return sum(
        int(counts[place, decided, label]) * price(table, int(place >= edge), label)
        for place, decided, label in product(range(N_BINS), (0, 1), (0, 1))
        if counts[place, decided, label]
    )


@given(cells(), costs)
@settings(max_examples=60, deadline=None)
def test_the_best_threshold_is_that_of_brute_force(counts, table):
    n = int(counts.sum())
    found = best_threshold(counts, table)
    every = [total(counts, table, edge) for edge in range(N_BINS + 1)]
    assert found.best_cost * n == pytest.approx(min(every))
    edge = N_BINS if found.best is None else int(np.flatnonzero(found.best == LOWER)[0])
    assert every[edge] == pytest.approx(min(every))
    decided = sum(
        int(counts[place, d, label]) * price(table, d, label)
        for place, d, label in product(range(N_BINS), (0, 1), (0, 1))
    )
    assert found.cost * n == pytest.approx(decided)
    for point in found.costs:
        at = int(np.argmin(np.abs(EDGES - point.threshold)))
        assert point.cost * n == pytest.approx(every[at])


@given(cells())
def test_the_threshold_in_use_repeats_most_decisions(counts):
    agreed = [int(counts[edge:, 1].sum() + counts[:edge, 0].sum()) for edge in range(N_BINS + 1)]
    found = best_threshold(counts, Costs())
    assert found.agreement == max(agreed) / counts.sum()
    edge = N_BINS if found.in_use is None else int(np.flatnonzero(found.in_use == LOWER)[0])
    assert agreed[edge] == max(agreed)


@given(cells(), costs)
def test_what_is_best_already_gains_nothing(counts, table):
    best = best_threshold(counts, table).best
    decided = np.zeros_like(counts)
    positive = np.full(N_BINS, False) if best is None else best <= LOWER
    decided[positive, 1] = counts[positive].sum(axis=1)
    decided[~positive, 0] = counts[~positive].sum(axis=1)
    gain = best_threshold(decided, table).gain
    assert (gain.value, gain.low, gain.high) == (0.0, 0.0, 0.0)


def test_cost_thresholds_are_edges_of_bins():
    for threshold in COST_THRESHOLDS:
        assert np.abs(EDGES - threshold).min() < 1e-12


@given(cells())
def test_halves_add_up_to_the_whole(counts):
    one, other = halves(counts)
    assert one.shape == (REPEATS, *counts.shape)
    assert min(one.min(), other.min()) >= 0
    assert (one + other == counts).all()


def test_halves_are_as_uneven_as_tosses_of_a_coin():
    for n in (1, 2, 3, 10, 400):
        first, _ = halves(np.full(20_000, n))
        assert first.mean() == pytest.approx(n / 2, rel=0.04)
        assert first.var() == pytest.approx(n / 4, rel=0.1)


# ---------------------------------------------------------------- calibration


@given(cells())
@settings(max_examples=60, deadline=None)
def test_the_map_is_that_of_scikit_learn(counts):
    labels = counts.sum(axis=1)
    held = np.flatnonzero(labels.sum(axis=1))
    rows = labels[held].sum(axis=1)
    reference = IsotonicRegression(y_min=0, y_max=1).fit_transform(
        held.astype(float), labels[held, 1] / rows, sample_weight=rows
    )
    steps = isotonic(labels)
    place = np.searchsorted([step.first for step in steps], held, side="right") - 1
    assert np.array([step.rate for step in steps])[place] == pytest.approx(reference, abs=1e-9)


@given(cells())
@settings(max_examples=60, deadline=None)
def test_the_map_rises_and_never_worsens_the_brier_score_it_was_made_on(counts):
    labels = counts.sum(axis=1)
    steps = isotonic(labels)
    rates = [step.rate for step in steps]
    assert rates == sorted(set(rates))
    assert sum(step.rows for step in steps) == labels.sum()
    place = np.searchsorted([step.first for step in steps], np.arange(N_BINS), side="right") - 1
    mapped = np.array(rates)[np.maximum(place, 0)]

    def brier(scores: np.ndarray) -> float:
        return float((labels[:, 0] * scores**2 + labels[:, 1] * (1 - scores) ** 2).sum())

    assert brier(mapped) <= brier(MIDDLE) + 1e-9


@given(cells())
@settings(max_examples=60, deadline=None)
def test_gains_of_a_map_are_finite_whatever_was_counted(counts):
    found = recalibration(counts.sum(axis=1))
    for gain in (found.brier_gain, found.log_loss_gain):
        assert gain.low <= gain.value <= gain.high
        assert np.isfinite([gain.low, gain.high]).all()


# ---------------------------------------------------------------- honesty


def counted(rng: np.random.Generator, n: int, power: float, used: float) -> LabelCounts:
    """Scores that come true with a chance of ``score ** power``, decided at ``used``."""
    scores = rng.beta(2, 2, n)
    labels = (rng.random(n) < scores**power).astype(int)
    return fold_labels(
        scores,
        (scores >= used).astype(int),
        labels,
        np.ones(n, int),
        groups=np.zeros(n, int),
        n_groups=1,
    )[0]


def improved(counts: LabelCounts):
    found = improvement(Counts(counts, None, None), (), ModelKind.BINARY, Costs())
    assert found is not None
    return found


def test_a_choice_among_equals_is_rarely_told_as_a_gain():
    """Scores that say nothing and labels as frequent as not: no threshold is better than another,
    yet the best of them seems to save something on the rows that it was chosen on."""
    rng = np.random.default_rng(5)
    told = flattered = 0
    mean = 0.0
    for _ in range(200):
        n = 400
        scores, labels = rng.random(n), rng.integers(0, 2, n)
        used = (scores >= 0.5).astype(int)
        groups = np.zeros(n, int)
        (counts,) = fold_labels(scores, used, labels, np.ones(n, int), groups=groups, n_groups=1)
        threshold = improved(counts).threshold
        told += threshold.gain.low > 0
        flattered += threshold.cost - threshold.best_cost > 0.02
        mean += threshold.gain.value / 200
    assert flattered > 100
    assert told <= 200 * 0.05
    assert abs(mean) < 0.01


def test_a_gain_is_what_new_predictions_show():
    """Chances of score ** 1.357 pass one half at 0.6, and the model decides at 0.4."""
    rng = np.random.default_rng(6)
    power = np.log(0.5) / np.log(0.6)
    fresh = counted(rng, 200_000, power, 0.4)
    truth = best_threshold(cells_of(fresh), Costs())
    assert truth.best == pytest.approx(0.6, abs=0.02)
    real = truth.cost - truth.best_cost
    found = [improved(counted(rng, 2_000, power, 0.4)).threshold.gain for _ in range(100)]
    assert np.mean([gain.value for gain in found]) == pytest.approx(real, rel=0.1)
    assert sum(gain.low <= real <= gain.high for gain in found) >= 90


def cells_of(counts: LabelCounts) -> np.ndarray:
    whole = np.zeros((N_BINS + 1) * 4, np.int64)
    whole[list(counts.cells)] = list(counts.cells.values())
    return whole.reshape(-1, 2, 2)[:N_BINS]


def test_scores_that_are_calibrated_gain_nothing_by_a_map_and_others_do():
    rng = np.random.default_rng(7)
    good = [improved(counted(rng, 2_000, 1.0, 0.5)).recalibration for _ in range(60)]
    assert sum(found.brier_gain.low > 0 for found in good) <= 3
    bad = improved(counted(rng, 2_000, 3.0, 0.5)).recalibration
    assert bad.brier_gain.low > 0
    assert bad.log_loss_gain.low > 0


@given(st.permutations(range(4)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_merging_changes_nothing(order):
    parts = [counted(np.random.default_rng(seed), 200, 2.0, 0.1 * seed) for seed in range(4)]

    def merged(places: Sequence[int]) -> object:
        whole = LabelCounts()
        for place in places:
            whole.add(parts[place])
        segments = [("part", str(place), Counts(parts[place], None, None)) for place in places]
        return improvement(Counts(whole, None, None), segments, ModelKind.BINARY, Costs())

    assert merged(order) == merged(range(4))


def test_nothing_is_said_of_few_labels():
    few = counted(np.random.default_rng(8), MIN_LABELS - 1, 2.0, 0.5)
    assert improvement(Counts(few, None, None), (), ModelKind.BINARY, Costs()) is None


# ---------------------------------------------------------------- segments

sizes = st.lists(st.tuples(st.integers(1, 500), st.integers(0, 500)), min_size=2, max_size=8)


def rated(n: int, wrong: int) -> Errors:
    return Errors(n, wrong / n, wrong / n)


@given(sizes, st.randoms())
def test_excess_errors_add_up_to_nothing_and_shrinking_keeps_the_sign(drawn, shuffle):
    rows = [(n, min(n, wrong)) for n, wrong in drawn]
    whole = rated(sum(n for n, _ in rows), sum(wrong for _, wrong in rows))
    parts = [Part("field", str(i), rated(*row)) for i, row in enumerate(rows)]
    gains = segment_gains(whole, parts)
    assert sum(gain.excess for gain in gains) == pytest.approx(0, abs=1e-6)
    for gain in gains:
        assert abs(gain.gain.value) <= abs(gain.excess) + 1e-9
        assert gain.gain.value * gain.excess >= 0
        assert gain.gain.low <= gain.gain.value <= gain.gain.high
    lows = [gain.gain.low for gain in gains]
    assert lows == sorted(lows, reverse=True)
    shuffle.shuffle(parts)
    again = segment_gains(whole, parts)
    assert [gain.value for gain in again] == [gain.value for gain in gains]


def test_a_tiny_segment_does_not_come_before_a_large_one():
    parts = [
        Part("origin", "tiny", rated(3, 3)),
        Part("origin", "large", rated(4_000, 1_000)),
        Part("origin", "rest", rated(16_000, 1_600)),
    ]
    whole = rated(20_003, 2_603)
    first, *others = segment_gains(whole, parts)
    assert first.value == "large"
    assert first.gain.low > 300
    (tiny,) = (gain for gain in others if gain.value == "tiny")
    assert tiny.gain.value < 1
    assert [gain.value for gain in best_segments([first, *others])] == ["large"]


def test_segments_that_differ_by_chance_gain_nothing():
    rng = np.random.default_rng(9)
    told = 0
    for _ in range(100):
        rows = [(200, int(rng.binomial(200, 0.2))) for _ in range(20)]
        whole = rated(4_000, sum(wrong for _, wrong in rows))
        parts = [Part("field", str(i), rated(*row)) for i, row in enumerate(rows)]
        told += segment_gains(whole, parts)[0].gain.low > 0
    assert told <= 5
