import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.stats import scorebins

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=50).map(np.array)


@given(SCORES)
def test_a_bin_holds_its_score(scores: np.ndarray) -> None:
    bins = scorebins.bin_scores(scores)
    assert (scorebins.LOWER[bins] <= scores).all()
    assert ((scores < scorebins.UPPER[bins]) | (scores == 1.0)).all()


@given(SCORES, st.integers(0, 1))
def test_units_are_within_half_a_unit_of_the_float_formula(scores: np.ndarray, label: int) -> None:
    labels = np.full(len(scores), label)
    chance = np.clip(scores, scorebins.LOG_LOSS_CLIP, 1 - scorebins.LOG_LOSS_CLIP)
    losses = -np.log(chance if label else 1 - chance) * scorebins.UNITS
    np.testing.assert_allclose(scorebins.log_loss_units(scores, labels), losses, atol=0.5 + 1e-6)
    squares = (scores - label) ** 2 * scorebins.UNITS
    np.testing.assert_allclose(scorebins.brier_units(scores, labels), squares, atol=0.5 + 1e-6)


@given(SCORES)
def test_a_row_costs_the_same_in_any_batch(scores: np.ndarray) -> None:
    labels = np.ones(len(scores), dtype=np.int64)
    whole = scorebins.log_loss_units(scores, labels)
    single = [
        scorebins.log_loss_units(scores[i : i + 1], labels[:1])[0] for i in range(len(scores))
    ]
    assert whole.tolist() == single
