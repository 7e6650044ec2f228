import numpy as np
from sklearn.metrics import log_loss

from tidegauge.core.stats import scorebins
from tidegauge.core.stats.scorebins import EDGES, LOWER, N_BINS, NO_SCORE, UPPER


def test_bins_cover_the_unit_interval_and_are_symmetric() -> None:
    assert (EDGES[0], EDGES[-1]) == (0.0, 1.0)
    assert len(EDGES) == N_BINS + 1
    assert (np.diff(EDGES) > 0).all()
    np.testing.assert_allclose(EDGES, 1.0 - EDGES[::-1], atol=1e-16)


def test_bins_are_at_most_a_hundredth_wide_and_narrow_at_the_ends() -> None:
    assert (UPPER - LOWER).max() < 0.01 + 1e-15
    assert UPPER[0] == 0.01 / 1024
    assert LOWER[-1] == 1 - 0.01 / 1024


def test_a_score_on_an_edge_belongs_to_the_bin_above() -> None:
    assert (scorebins.bin_scores(LOWER) == np.arange(N_BINS)).all()
    assert scorebins.bin_scores(np.array([0.07]))[0] == list(LOWER).index(0.07)
    assert scorebins.bin_scores(np.array([1.0]))[0] == N_BINS - 1


def test_a_missing_score_has_its_own_bin() -> None:
    assert scorebins.bin_scores(np.array([np.nan, 0.0])).tolist() == [NO_SCORE, 0]


def test_certain_and_wrong_costs_the_clipped_log_loss() -> None:
    units = scorebins.log_loss_units(np.array([0.0]), np.array([1]))
    expected = log_loss([1], np.array([0.0]), labels=[0, 1])
    assert abs(units[0] / scorebins.UNITS - expected) <= 2**-20


def test_units_round_the_scores_of_single_predictions() -> None:
    assert scorebins.brier_units(np.array([0.5, 1.0]), np.array([1, 0])).tolist() == [2**18, 2**20]
    assert scorebins.log_loss_units(np.array([0.5]), np.array([0])).tolist() == [726817]
