"""Answers by class and by value: merged exactly, whatever the batches; drift of both."""

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.config import ReferenceConfig
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.answers import AnswerCounts, fold_answers
from tidegauge.core.stats.classes import OTHER
from tidegauge.core.stats.drift import class_drift, value_drift
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.outcomes import Known, number
from tidegauge.core.stats.reference import ReferenceProfile

ANSWERS: list[Known] = ["x", "y", "0", "1", "7", "-3", 2.5, -0.1, 1e100]
ROWS = st.lists(st.sampled_from(ANSWERS), max_size=30)


def fold(rows: Sequence[Known]) -> AnswerCounts:
    distinct = list(dict.fromkeys(rows))
    values = [np.nan if a in ("0", "1") or number(a) is None else float(a) for a in distinct]
    (counts,) = fold_answers(
        np.array([distinct.index(answer) for answer in rows], np.int64),
        names=[answer if isinstance(answer, str) else None for answer in distinct],
        values=np.array(values, np.float64),
        groups=np.zeros(len(rows), np.int64),
        n_groups=1,
    )
    return counts


@given(ROWS, ROWS)
def test_parts_add_up_and_leave_nothing_when_taken_away(one: list[Known], two: list[Known]) -> None:
    whole = fold([*one, *two])
    total = fold(one)
    total.add(fold(two))
    assert total == whole
    total.add(whole, -1)
    assert total == AnswerCounts()


@given(ROWS)
def test_every_answer_is_a_class_or_has_a_fraction_and_numbers_are_counted_too(
    rows: list[Known],
) -> None:
    counts = fold(rows)
    assert sum(counts.classes.values()) + counts.fractions == len(rows)
    values = [value for value in map(number, rows) if value is not None]
    numbers = counts.with_small()
    assert numbers.numbers == sum(numbers.bins.values()) == len(values)
    groups = np.zeros(len(values), np.int64)
    assert [numbers.sum] == exactsum.exact_sums(np.array(values, np.float64), groups, 1)
    assert [numbers.squares] == exactsum.exact_square_sums(np.array(values, np.float64), groups, 1)


@given(ROWS)
def test_wire_form_round_trips(rows: list[Known]) -> None:
    counts = fold(rows)
    assert AnswerCounts.from_wire(counts.to_wire()) == counts


def profile(answers: Sequence[Known], max_categories: int = 50) -> ReferenceProfile:
    return build_reference(
        [{} for _ in answers],
        np.full(len(answers), np.nan),
        np.empty(0, np.int64),
        answers=answers,
        names=[],
        config=ReferenceConfig(max_categories=max_categories),
        model="a",
        version="1",
        effective_from=0,
        learned_from=0,
        learned_until=1,
    )


@given(ROWS)
def test_the_same_answers_as_in_the_reference_have_not_drifted(rows: list[Known]) -> None:
    reference, counts = profile(rows), fold(rows)
    by_class = class_drift(counts.classes, reference)
    by_value = value_drift(counts.with_small().bins, reference)
    for drift, held in ((by_class, counts.classes), (by_value, counts.with_small().numbers)):
        assert drift.psi == (pytest.approx(0.0, abs=1e-12) if held else None)
        assert drift.js == (pytest.approx(0.0, abs=1e-7) if held else None)
    assert sum(bar.rows for bar in by_value.bars) == counts.with_small().numbers


def test_a_reference_lists_the_frequent_classes_and_counts_the_others_together() -> None:
    answers = ["x"] * 5 + ["y"] * 3 + ["b", "a", "7", 2.5]
    assert profile(answers, 3).class_counts == {"x": 5, "y": 3, "7": 1, OTHER: 2}
    assert profile(answers).value_counts == Counter(dict.fromkeys(fold(["7", 2.5]).bins, 1))


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ({"x": 2, "y": 2}, {"x": 1, "y": 1}, True),
        ({"x": 2, "y": 2}, {"x": 1, "z": 1}, False),
        ({"x": 2, "y": 1, "z": 1}, {"x": 1, OTHER: 1}, True),
        ({"x": 2, OTHER: 2}, {"x": 1, "y": 1}, True),
        ({"x": 2, OTHER: 2}, {"x": 2}, False),
    ],
)
def test_classes_over_a_limit_are_compared_as_one(
    before: dict[str, int], now: dict[str, int], *, same: bool
) -> None:
    reference = msgspec.structs.replace(profile([]), class_counts=before)
    assert (class_drift(now, reference).js == 0.0) is same


def test_numbers_that_move_drift_and_are_shown_in_the_bins_of_the_reference() -> None:
    rng = np.random.default_rng(3)
    before = rng.normal(50, 10, 2_000).tolist()
    reference = profile(before)
    same = value_drift(fold(rng.normal(50, 10, 2_000).tolist()).bins, reference)
    moved = value_drift(fold(rng.normal(65, 10, 2_000).tolist()).bins, reference)
    assert (same.psi or 1.0) < 0.05
    assert (moved.psi or 0.0) > 0.5
    assert len(moved.bars) == len(same.bars) == 10
    assert all(a.upper <= b.lower for a, b in zip(moved.bars, moved.bars[1:], strict=False))
    assert max(same.bars, key=lambda bar: bar.rows).rows < 300
