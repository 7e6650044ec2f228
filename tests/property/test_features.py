import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.config import ReferenceConfig
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.features import FeatureCounts, fold_features
from tidegauge.core.stats.learn import build_reference

N_GROUPS = 3
NAMES = ["x", "kind", "new"]
_LEARNED = [{"x": float(i), "kind": "abc"[i % 3]} for i in range(30)]
PROFILE = build_reference(
    _LEARNED,
    np.full(30, 0.5),
    np.zeros(30, dtype=np.int64),
    names=NAMES,
    config=ReferenceConfig(bins=5, max_categories=2),
    model="m",
    version="1",
    effective_from=0,
    learned_from=0,
    learned_until=0,
)
VALUES = st.one_of(
    st.none(), st.floats(-1e100, 1e100), st.booleans(), st.sampled_from(["a", "b", "c", "z"])
)
ROWS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(NAMES), VALUES), st.integers(0, N_GROUPS - 1)),
    max_size=30,
)
PROFILES = st.sampled_from([PROFILE, None])


def fold(batch: list, profile=PROFILE) -> list[dict[str, FeatureCounts]]:
    groups = np.array([group for _, group in batch], dtype=np.intp)
    return fold_features([row for row, _ in batch], groups, N_GROUPS, NAMES, profile)


def merged(*parts: list[dict[str, FeatureCounts]]) -> list[dict[str, FeatureCounts]]:
    totals = [{name: FeatureCounts() for name in NAMES} for _ in range(N_GROUPS)]
    for part in parts:
        for total, counts in zip(totals, part, strict=True):
            for name in NAMES:
                total[name].add(counts[name])
    return totals


def retraction(counts: FeatureCounts) -> FeatureCounts:
    wire = counts.to_wire()
    signed = [-number for number in wire[:4]]
    sums = [exactsum.encode(-exactsum.decode(data)) for data in wire[4:6]]
    bins = [-number if place % 2 else number for place, number in enumerate(wire[6])]
    return FeatureCounts.from_wire([*signed, *sums, bins])


@given(ROWS, PROFILES, st.randoms())
def test_any_order_and_any_batches_give_the_same_counts(batch: list, profile, random) -> None:
    whole = fold(batch, profile)
    random.shuffle(batch)
    first, second = sorted(random.randint(0, len(batch)) for _ in range(2))
    cuts = [batch[:first], batch[first:second], batch[second:]]
    parts = [fold(cut, profile) for cut in cuts]
    assert merged(*parts) == merged(*reversed(parts)) == whole


@given(ROWS)
def test_what_is_retracted_leaves_nothing(batch: list) -> None:
    for group in fold(batch):
        for counts in group.values():
            counts.add(retraction(counts))
            assert counts == FeatureCounts()


@given(ROWS, PROFILES)
def test_counts_agree_with_looking_at_every_value(batch: list, profile) -> None:
    for group, found in enumerate(fold(batch, profile)):
        rows = [row for row, place in batch if place == group]
        for name, counts in found.items():
            values = [row.get(name) for row in rows]
            is_category = profile is not None and name == "kind"
            numbers = [v for v in values if type(v) is float and not is_category]
            assert counts.rows == len(values)
            assert counts.missing == values.count(None)
            assert counts.n == len(numbers)
            assert exactsum.to_float(counts.sum) == math.fsum(numbers)
            if profile is not None and name != "new":
                assert sum(counts.bins.values()) + counts.wrong_type + counts.missing == counts.rows


@given(ROWS)
def test_wire_form_round_trips(batch: list) -> None:
    for group in fold(batch):
        for counts in group.values():
            assert FeatureCounts.from_wire(counts.to_wire()) == counts
