"""Which cause of a change in errors comes first."""

from fractions import Fraction

import numpy as np
import pytest

from tidegauge.core.alertrecords import Cause, CauseKind, Effect
from tidegauge.core.config import ModelKind
from tidegauge.core.explain.dimensions import Dimension
from tidegauge.core.explain.ranking import Explained, explain_errors
from tidegauge.core.stats.decompose import Change, Total, together

BASE, WINDOW = 20_000, 1_000


class Requests:
    """Labelled predictions with three features, a segment field, and errors at a tenth of them."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self.rng = rng
        self.n = n
        self.cut = {
            "wind": rng.integers(0, 12, n),
            "hour": rng.integers(0, 12, n),
            "store": rng.integers(0, 200, n),
            "carrier": rng.choice(8, n, p=[0.3, 0.2, 0.15, 0.1, 0.1, 0.05, 0.05, 0.05]),
            "all": np.zeros(n, np.int64),
        }
        # a carrier keeps to a few hours, so the two are not independent
        self.cut["hour"] = np.where(rng.random(n) < 0.5, self.cut["carrier"], self.cut["hour"])
        self.rate = np.where(self.cut["wind"] >= 10, 0.4, 0.1)

    def draw(self) -> None:
        self.wrong = self.rng.random(self.n) < self.rate


def explained(before: Requests, now: Requests, moved: frozenset[str] = frozenset()) -> Explained:
    for requests in (before, now):
        requests.draw()
    dimensions = []
    for name in before.cut:
        cells = {}
        for value in np.union1d(before.cut[name], now.cut[name]).tolist():
            sides = [
                Total(int(mine.sum()), Fraction(int(r.wrong[mine].sum())))
                for r in (before, now)
                for mine in [r.cut[name] == value]
            ]
            cells[str(value)] = Change(*sides)
        kind = CauseKind.SEGMENT if name in ("carrier", "store", "all") else CauseKind.FEATURE
        dimensions.append(Dimension(kind, name, cells))
    whole = together(dimensions[0].cells.values())
    return explain_errors(whole, dimensions, ModelKind.BINARY, moved=moved)


@pytest.fixture(params=range(5))
def pair(request: pytest.FixtureRequest) -> tuple[Requests, Requests]:
    rng = np.random.default_rng(request.param)
    return Requests(BASE, rng), Requests(WINDOW, rng)


def first(found: Explained) -> tuple[str, str | None, Effect]:
    cause: Cause = found.causes[0]
    return cause.name, cause.value, cause.effect


def test_errors_of_one_segment_are_found_among_those_that_go_with_it(
    pair: tuple[Requests, Requests],
) -> None:
    before, now = pair
    now.rate = np.where(now.cut["carrier"] == 3, 0.7, now.rate)
    assert first(explained(before, now)) == ("carrier", "3", Effect.CONCEPT_SHIFT)


def test_inputs_that_moved_to_hard_bins_are_found(pair: tuple[Requests, Requests]) -> None:
    before, now = pair
    now.cut["wind"] = now.rng.integers(7, 12, now.n)
    now.rate = np.where(now.cut["wind"] >= 10, 0.4, 0.1)
    name, value, effect = first(explained(before, now))
    assert (name, effect) == ("wind", Effect.MIX_SHIFT)
    assert value in {"10", "11"}


def test_a_feature_that_is_missing_is_found(pair: tuple[Requests, Requests]) -> None:
    before, now = pair
    now.cut["wind"] = np.full(now.n, 99)
    now.rate = np.full(now.n, 0.5)
    assert first(explained(before, now)) == ("wind", "99", Effect.MIX_SHIFT)


def test_a_feature_known_to_have_moved_is_found_where_bins_tell_little(
    pair: tuple[Requests, Requests],
) -> None:
    before, now = pair
    now.cut["wind"] = np.full(now.n, 4)
    now.rate = np.full(now.n, 0.5)
    assert first(explained(before, now, frozenset({"wind"})))[:2] == ("wind", "4")


def test_errors_that_rise_everywhere_are_the_model_as_a_whole(
    pair: tuple[Requests, Requests],
) -> None:
    before, now = pair
    now.rate = now.rate + 0.25
    cause = explained(before, now).causes[0]
    assert (cause.kind, cause.effect) == (CauseKind.MODEL, Effect.CONCEPT_SHIFT)


def test_errors_that_rise_everywhere_are_not_laid_to_a_feature_that_is_the_same_all_along(
    pair: tuple[Requests, Requests],
) -> None:
    before, now = pair
    now.cut["hour"] = np.full(now.n, 3)  # as weather is, in a window of a few hours
    now.rate = now.rate + 0.3
    assert first(explained(before, now))[0] == "all predictions"


def test_a_segment_is_found_beside_a_feature_that_is_the_same_all_along(
    pair: tuple[Requests, Requests],
) -> None:
    before, now = pair
    now.cut["hour"] = np.full(now.n, 3)
    now.rate = np.where(now.cut["carrier"] == 3, 0.9, now.rate)
    assert first(explained(before, now)) == ("carrier", "3", Effect.CONCEPT_SHIFT)


def test_splits_add_up(pair: tuple[Requests, Requests]) -> None:
    before, now = pair
    now.rate = np.where(now.cut["carrier"] == 3, 0.7, now.rate)
    found = explained(before, now)
    assert found.splits
    for split in found.splits:
        assert split.mix + split.concept + split.remainder == pytest.approx(1.0, abs=1e-12)


def test_a_segment_with_all_the_traffic_is_never_named(pair: tuple[Requests, Requests]) -> None:
    before, now = pair
    now.rate = now.rate + 0.25
    assert all(cause.name != "all" for cause in explained(before, now).causes)


def test_nothing_is_said_without_labels_or_change() -> None:
    side = Total(10, Fraction(1))
    assert explain_errors(Change(Total(), side), [], ModelKind.BINARY) == Explained()
    assert explain_errors(Change(side, side), [], ModelKind.BINARY) == Explained()
