"""Attributions: counted in any batches they are what a plain sum says."""

import math
from collections import defaultdict
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.config import ModelKind, ReferenceConfig
from tidegauge.core.events import Prediction
from tidegauge.core.explain.attributed import SHOWN, attributions_of, shift
from tidegauge.core.monitor.attributed import UsualAttributions, judged_shares, shift_of_answers
from tidegauge.core.records import AttributionStats, FeatureAttribution
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.attributions import (
    WHOLE_SHARE,
    AttributionCounts,
    JudgedAttributions,
    fold_attributions,
    fold_judged,
    share_codes,
    total_variation,
)
from tidegauge.core.stats.errorbins import NO_CODE, LabelColumns
from tidegauge.core.sums import SlotSums

NAMES = ("a", "b", "c")
magnitudes = st.one_of(st.just(0.0), st.floats(-1e100, 1e100), st.sampled_from([0.1, -0.2, 3.0]))
told = st.dictionaries(st.sampled_from(NAMES), magnitudes, min_size=1)
distributions = st.lists(st.integers(1, 9), min_size=3, max_size=3).map(
    lambda parts: dict(zip(NAMES, (part / sum(parts) for part in parts), strict=True))
)


def packed(value: list[object]) -> list[object]:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(value))


@given(st.lists(st.tuples(told, st.integers(0, 2)), min_size=1), st.integers(1, 5))
def test_batches_add_up_to_the_exact_sums(rows: list[tuple[dict, int]], size: int) -> None:
    counts = [AttributionCounts() for _ in range(3)]
    for at in range(0, len(rows), size):
        batch = rows[at : at + size]
        groups = np.array([group for _, group in batch])
        folded = fold_attributions([row for row, _ in batch], groups, 3, frozenset("ab"))
        for mine, other in zip(counts, folded, strict=True):
            mine.add(AttributionCounts.from_wire(packed(other.to_wire())))
    for group, found in enumerate(counts):
        mine = [row for row, other in rows if other == group]
        assert found.rows == len(mine)
        for name, told_as in (("a", "a"), ("b", "b"), ("c", "__other__")):
            total = exactsum.to_float(found.magnitudes.get(told_as, 0))
            assert total == math.fsum(abs(row.get(name, 0.0)) for row in mine)
        shares = found.shares()
        assert not shares or sum(shares.values()) == pytest.approx(1.0)


@given(st.lists(st.tuples(told, st.integers(0, 2)), min_size=1))
def test_what_was_added_can_be_taken_away(rows: list[tuple[dict, int]]) -> None:
    groups = np.array([group for _, group in rows])
    first, second, third = fold_attributions([row for row, _ in rows], groups, 3, frozenset(NAMES))
    both = AttributionCounts()
    both.add(first)
    both.add(second)
    both.add(third)
    both.add(second, -1)
    both.add(third, -1)
    assert both == first


@given(distributions, distributions, distributions)
def test_total_variation_is_a_distance(one: dict, other: dict, third: dict) -> None:
    assert total_variation(one, one) == 0.0
    assert total_variation(one, other) == total_variation(other, one)
    direct = total_variation(one, other)
    assert direct <= total_variation(one, third) + total_variation(third, other) + 1e-12
    assert total_variation({"a": 1.0}, {"b": 1.0}) == 1.0


answers = st.tuples(
    st.one_of(st.none(), told),
    st.sampled_from(["right", "wrong", "number"]),
    st.floats(0.0, 1e6),
    st.integers(0, 1),
)


@given(st.lists(answers, min_size=1), st.integers(1, 4))
def test_shares_of_right_and_wrong_answers(rows: list[tuple], size: int) -> None:
    judged = [JudgedAttributions(), JudgedAttributions()]
    for at in range(0, len(rows), size):
        batch = rows[at : at + size]
        kinds = np.array([kind for _, kind, _, _ in batch])
        labels = LabelColumns(
            np.array([group for *_, group in batch]),
            kinds != "number",
            kinds == "wrong",
            kinds == "number",
            np.array([error for _, _, error, _ in batch]),
        )
        codes = share_codes([row for row, *_ in batch], NAMES)
        for mine, other in zip(judged, fold_judged(codes, labels, NAMES, 2), strict=True):
            mine.add(JudgedAttributions.from_wire(packed(other.to_wire())))
    for group, found in enumerate(judged):
        expected = defaultdict(list)
        for row, kind, error, other in rows:
            whole = math.fsum(map(abs, row.values())) if row else 0.0
            if other == group and row and whole:
                expected[kind].append(({n: abs(row.get(n, 0.0)) / whole for n in NAMES}, error))
        check_classes(found, expected["right"], expected["wrong"])
        check_numbers(found, expected["number"])


def check_classes(found: JudgedAttributions, right: list, wrong: list) -> None:
    labelled, *shares = judged_shares(found, ModelKind.BINARY)
    assert labelled == len(right) + len(wrong)
    for mine, rows in zip(shares, (right, wrong), strict=True):
        assert (mine is None) is (not rows)
        for name in NAMES if mine is not None else ():
            mean = math.fsum(share[name] for share, _ in rows) / len(rows)
            assert mine.get(name, 0.0) == pytest.approx(mean, abs=0.51 / WHOLE_SHARE)


def check_numbers(found: JudgedAttributions, rows: list) -> None:
    labelled, everything, weighted = judged_shares(found, ModelKind.REGRESSION)
    assert labelled == len(rows)
    assert (everything is None) is (not rows)
    errors = math.fsum(error for _, error in rows)
    assert (weighted is None) is (not errors)
    for name in NAMES if errors else ():
        mean = math.fsum(share[name] * (error / errors) for share, error in rows)
        assert weighted.get(name, 0.0) == pytest.approx(mean, abs=0.51 / WHOLE_SHARE)


def test_answers_that_nothing_moved_have_no_shares() -> None:
    codes = share_codes([None, {"a": 0.0}, {"a": -1.0, "b": 3.0}, {"other": 1.0}], NAMES)
    assert codes.tolist() == [[NO_CODE] * 3, [NO_CODE] * 3, [62, 188, 0], [0, 0, 0]]


wide = st.lists(st.integers(0, 9), min_size=8, max_size=8).filter(any)
of_versions = st.dictionaries(
    st.sampled_from("123"), st.tuples(wide, st.integers(1, 5)), min_size=1
)


def pane(magnitudes: list[int], times: int = 1) -> SlotSums:
    sums = {f"f{at}": total * times for at, total in enumerate(magnitudes)}
    return SlotSums(attributions=AttributionCounts(times, sums))


@given(of_versions)
def test_versions_that_answer_as_usual_are_no_shift_in_any_mix(versions: dict) -> None:
    usual = UsualAttributions()
    for version, (magnitudes, _) in versions.items():
        usual.close(version, 0, 1, pane(magnitudes), ReferenceConfig(learn_ms=1, min_predictions=1))
    panes = [(version, pane(*held)) for version, held in versions.items()]
    shifted = shift_of_answers(panes, usual)
    assert shifted is not None
    assert shifted.drift == pytest.approx(0.0, abs=1e-12)
    assert shift_of_answers(panes[::-1], usual) == shifted


@given(wide, wide, wide | st.none())
def test_an_alert_names_what_moved_most(before: list, now: list, wrong: list | None) -> None:
    held = [pane(one).attributions.shares() for one in (before, now)]
    others = None if wrong is None else pane(wrong).attributions.shares()
    told = shift(7, *held, others, others)
    moved = sorted((abs(held[1][name] - held[0][name]) for name in held[0]), reverse=True)
    found = [abs(change.after - change.before) for change in told.features]
    assert found == moved[:SHOWN]
    assert told.drift == pytest.approx(sum(moved) / 2)
    for change in told.features:
        assert change.wrong == (None if others is None else others[change.name])


@given(told.map(lambda row: {name: min(max(v, -1e9), 1e9) for name, v in row.items()}))
def test_the_attributions_of_a_request_are_parts_of_its_answer(row: dict[str, float]) -> None:
    event = Prediction(
        request_id="r",
        model="m",
        version="1",
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        prediction=1,
        attributions=row,
    )
    usual = AttributionStats(count=1, features={"a": FeatureAttribution(mean_absolute=2.0)})
    found = attributions_of(event, usual)
    assert {one.name: one.attribution for one in found} == row
    magnitudes = [abs(one.attribution) for one in found]
    assert magnitudes == sorted(magnitudes, reverse=True)
    if any(magnitudes):
        assert sum(one.share or 0.0 for one in found) == pytest.approx(1.0)
    assert all((one.usual_absolute is None) == (one.name != "a") for one in found)
