"""A split change adds up, and two versions compared over windows equal one comparison of all."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.config import ModelKind
from tidegauge.core.improve.segments import Errors
from tidegauge.core.improve.shift import shift
from tidegauge.core.improve.versions import Choice, compared
from tidegauge.core.monitor.paired import paired_figures
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.paired import PairedClasses, PairedCounts, PairedNumbers

rates = st.floats(0, 1)
groups = st.dictionaries(
    st.sampled_from("abcd"), st.tuples(st.integers(1, 500), rates), min_size=1, max_size=4
)


def errors(drawn: dict[str, tuple[int, float]]) -> dict[str, Errors]:
    return {name: Errors(n, rate, rate) for name, (n, rate) in drawn.items()}


def whole(parts: dict[str, Errors]) -> Errors:
    n = sum(part.labelled for part in parts.values())
    rate = math.fsum(part.labelled * part.mean for part in parts.values()) / n
    return Errors(n, rate, rate)


@given(groups, groups)
def test_mix_and_concept_add_up_to_the_change(before, after):
    old, new = errors(before), errors(after)
    found = shift(whole(old), whole(new), {"field": (old, new)})
    change = whole(new).mean - whole(old).mean
    assert found.mix + found.concept.value == pytest.approx(change)
    assert sum(s.change.value for s in found.slices) == pytest.approx(found.concept.value)
    parts = [s.change.value for s in found.slices]
    assert parts == sorted(parts, reverse=True)


@given(groups, st.floats(0.1, 0.9))
def test_the_same_rates_in_another_mix_are_no_concept_shift(before, moved):
    old = errors(before)
    new = {n: e._replace(labelled=1 + int(e.labelled * moved)) for n, e in old.items()}
    found = shift(whole(old), whole(new), {"field": (old, new)})
    assert found.concept.value == pytest.approx(0, abs=1e-12)


@given(groups, st.floats(0, 0.5))
def test_more_errors_in_the_same_mix_are_no_mix_shift(before, added):
    old = errors(before)
    new = {n: Errors(e.labelled, e.mean + added, e.mean + added) for n, e in old.items()}
    found = shift(whole(old), whole(new), {"field": (old, new)})
    assert found.mix == pytest.approx(0, abs=1e-9)


def test_without_segments_all_is_concept_shift():
    found = shift(Errors(100, 0.1, 0.1), Errors(100, 0.3, 0.3), {})
    assert found.concept.value == pytest.approx(0.2)
    assert found.concept.low > 0
    assert found.slices == ()


def test_the_field_that_explains_most_as_mix_shift_is_taken():
    even = {"x": Errors(100, 0.2, 0.2), "y": Errors(100, 0.2, 0.2)}
    later = {"x": Errors(100, 0.5, 0.5), "y": Errors(100, 0.5, 0.5)}
    old = {"easy": Errors(180, 0.1, 0.1), "hard": Errors(20, 1.0, 1.0)}
    new = {"easy": Errors(100, 0.1, 0.1), "hard": Errors(100, 0.9, 0.9)}
    found = shift(
        Errors(200, 0.2, 0.2), Errors(200, 0.5, 0.5), {"plain": (even, later), "case": (old, new)}
    )
    assert found.mix > 0.3
    assert found.mix + found.concept.value == pytest.approx(0.3)
    assert found.slices[0].field == "plain", "slices of all fields are ranked together"


# ---------------------------------------------------------------- versions

quads = st.tuples(*[st.integers(0, 60)] * 4).filter(any)


@given(st.lists(quads, min_size=1, max_size=4))
def test_windows_of_classes_add_up(drawn):
    counts = [PairedClasses(*quad, 0) for quad in drawn]
    total = PairedClasses()
    for part in counts:
        total.add(part)
    windows = [paired_figures({"1": PairedCounts(binary=c)}, ModelKind.BINARY)["1"] for c in counts]
    once = paired_figures({"1": PairedCounts(binary=total)}, ModelKind.BINARY)["1"]
    found = compared(windows)
    assert found is not None
    assert found.pairs == total.n
    assert (found.gain.value, found.gain.low, found.gain.high) == pytest.approx(
        (once.accuracy_difference, once.accuracy_difference_low, once.accuracy_difference_high)
    )
    assert found.champion == pytest.approx(1 - (once.other_accuracy or 0))


def numbers(rng: np.random.Generator, n: int, better: float) -> PairedNumbers:
    other = np.abs(rng.normal(0, 5, n))
    own = np.abs(other - better + rng.normal(0, 1, n))
    groups = np.zeros(n, int)
    sums = [exactsum.exact_sums(x, groups, 1)[0] for x in (own, other)]
    squares = exactsum.exact_square_sums(own - other, groups, 1)[0]
    return PairedNumbers(n, 0, 0, 0, *sums, squares)


@pytest.mark.parametrize(
    ("better", "choice"), [(1.0, Choice.PROMOTE), (-1.0, Choice.HOLD), (0.0, Choice.UNDECIDED)]
)
def test_windows_of_numbers_add_up(better: float, choice: Choice):
    rng = np.random.default_rng(11 if better else 3)
    parts = [numbers(rng, n, better) for n in (40, 300, 1, 90)]
    if not better:  # folding makes small errors larger, so level the two
        parts = [p for pair in ((p, p.mirrored()) for p in parts) for p in pair]
    total = PairedNumbers()
    for part in parts:
        total.add(part)
    windows = [
        paired_figures({"1": PairedCounts(numbers=c)}, ModelKind.REGRESSION)["1"] for c in parts
    ]
    once = paired_figures({"1": PairedCounts(numbers=total)}, ModelKind.REGRESSION)["1"]
    found = compared(windows)
    assert found is not None
    assert found.choice is choice
    assert found.gain.value == pytest.approx(-(once.error_difference or 0), abs=1e-9)
    assert found.gain.low == pytest.approx(-(once.error_difference_high or 0), rel=0.02)
    assert found.champion == pytest.approx(once.other_mean_absolute_error)


def test_without_pairs_nothing_is_said():
    assert compared([]) is None
