"""Samples of predictions: bounded, fair, whatever the order; and which of them show a change."""

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.adoption import Adopted, References
from tidegauge.core.config import ReferenceConfig
from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.monitor.examples import Examples
from tidegauge.core.monitor.shows import showing
from tidegauge.core.monitor.streams import StreamKey, Subject
from tidegauge.core.stats.errorsample import ErrorSample
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.predictionsample import KEPT, SampledPrediction, merged
from tidegauge.core.stats.reference import MISSING, WRONG_TYPE, ReferenceProfile

MINUTE = 60_000
HOUR = 60 * MINUTE


def row(
    hashed: int,
    codes: bytes = b"",
    *,
    reference: str = "",
    predicted: str | float = "1",
    score: float | None = None,
    latency: float | None = None,
) -> SampledPrediction:
    return SampledPrediction(hashed, f"r{hashed}", reference, codes, predicted, score, latency)


versions = st.builds(
    row,
    st.integers(0, 40),
    st.sampled_from([b"", b"\x01"]),
    predicted=st.sampled_from(["1", "0", 0.5]),
    score=st.sampled_from([None, 0.25]),
)


@given(st.lists(versions, max_size=60), st.randoms(use_true_random=False), st.integers(1, 5))
def test_parts_merge_to_the_sample_of_the_whole_in_any_order(
    rows: list[SampledPrediction], rng: Random, parts: int
) -> None:
    whole = merged(rows, ())
    shuffled = list(rows)
    rng.shuffle(shuffled)
    together: list[SampledPrediction] = []
    for part in range(parts):
        together = merged(together, merged(shuffled[part::parts], ()))
    assert together == whole
    assert len(whole) <= KEPT
    limit = sorted({r.hashed for r in rows})[:KEPT]
    assert {r.hashed for r in whole} <= set(limit)


def test_what_is_passed_is_let_go_of_but_the_newest_pane_with_predictions() -> None:
    examples = Examples(HOUR)
    for start in (0, MINUTE, 2 * MINUTE):
        examples.add(start, [row(start)])
    examples.add_errors([ErrorSample(0.5, "e", 30 * MINUTE)])
    examples.forget(2 * HOUR, 30 * MINUTE)
    assert set(examples.predictions) == {2 * MINUTE}
    assert examples.latest(HOUR) == (f"r{2 * MINUTE}",)
    assert examples.latest(MINUTE) == ()
    assert examples.wrong(0, HOUR) == ("e",)
    examples.forget(2 * HOUR, HOUR)
    assert examples.wrong(0, HOUR) == ()


def test_an_alert_names_five_requests_once_each() -> None:
    examples = Examples(HOUR)
    examples.add(0, [row(n, predicted=str(n)) for n in range(8)])
    examples.add(MINUTE, [row(n) for n in range(8)])
    assert examples.among([0, MINUTE], lambda _: True) == ("r0", "r1", "r2", "r3", "r4")


@pytest.fixture(scope="module")
def profile() -> ReferenceProfile:
    rows = [{"c": "aab"[n % 3], "x": float(n)} for n in range(99)]
    nothing = np.full(len(rows), np.nan), np.array([], np.int64)
    return build_reference(
        rows,
        *nothing,
        answers=[],
        names=["c", "x"],
        config=ReferenceConfig(),
        model="m",
        version="1",
        effective_from=0,
        learned_from=0,
        learned_until=1,
    )


def told(
    profile: ReferenceProfile, subject: Subject, about: str = "", value: str = "", *, rose: bool
) -> Iterator[bool]:
    """Whether rows with each code of both features show a change of one."""
    references = References()
    references["1"] = [Adopted(0, profile)]
    verdict = Verdict(Phase.FIRING, baseline=0.5, effect=1.0 if rose else -1.0)
    key = StreamKey(subject, about, value)
    shows = showing(key, verdict, references, positive_class=None, gained=1)
    category, number = profile.features
    codes = [(at, 1) for at in range(len(category.counts))] if about == "c" else []
    codes += [(0, at) for at in range(len(number.counts))] if about == "x" else []
    for pair in (*codes, (MISSING, MISSING), (WRONG_TYPE, WRONG_TYPE)):
        yield shows(row(0, bytes(pair), reference=profile.id))
    assert not shows(row(0))


def test_of_a_feature_the_codes_that_it_is_about_show_it(profile: ReferenceProfile) -> None:
    a, b, other, unseen = range(4)
    bins = len(profile.features[1].counts)
    expected = {
        (Subject.MISSING, "c", ""): {4},
        (Subject.WRONG_TYPE, "c", ""): {5},
        (Subject.UNSEEN, "c", ""): {unseen},
        (Subject.CATEGORY_SHARE, "c", "a"): {a},
        (Subject.CATEGORY_SHARE, "c", "b"): {b},
        (Subject.CATEGORIES, "c", ""): {1},
        (Subject.OUT_OF_RANGE, "x", ""): {0, bins - 1},
        (Subject.FEATURE, "x", ""): {1},
    }
    assert other not in expected[Subject.UNSEEN, "c", ""]
    for (subject, feature, value), places in expected.items():
        found = list(told(profile, subject, feature, value, rose=True))
        assert {at for at, shows in enumerate(found) if shows} == places, subject


def test_of_a_share_that_fell_the_others_show_it(profile: ReferenceProfile) -> None:
    rose = list(told(profile, Subject.CATEGORY_SHARE, "c", "a", rose=True))
    fell = list(told(profile, Subject.CATEGORY_SHARE, "c", "a", rose=False))
    assert [not shows for shows in rose] == fell


@pytest.mark.parametrize(
    ("key", "high", "low"),
    [
        (StreamKey(Subject.SCORE), row(0, score=0.9), row(0, score=0.1)),
        (StreamKey(Subject.PREDICTION), row(0, predicted=7.5), row(0, predicted="0")),
        (StreamKey(Subject.LATENCY), row(0, latency=3.0), row(0, latency=1.0)),
        (StreamKey(Subject.CLASS, "late"), row(0, predicted="late"), row(0, predicted="early")),
        (StreamKey(Subject.POSITIVE_RATE), row(0, predicted="true"), row(0, predicted="false")),
    ],
)
def test_of_answers_those_on_the_side_that_it_moved_to_show_it(
    key: StreamKey, high: SampledPrediction, low: SampledPrediction
) -> None:
    for effect, shown in ((1.0, high), (-1.0, low)):
        verdict = Verdict(Phase.FIRING, baseline=0.5, effect=effect)
        shows = showing(key, verdict, References(), positive_class=None, gained=None)
        assert [shows(high), shows(low)] == [shown is high, shown is low]


def test_without_a_figure_nothing_is_shown() -> None:
    verdict = Verdict(Phase.FIRING, baseline=0.5, effect=-1.0)
    for subject in (Subject.SCORE, Subject.LATENCY, Subject.PREDICTION):
        key = StreamKey(subject)
        shows = showing(key, verdict, References(), positive_class=None, gained=None)
        assert not shows(row(0, predicted="late"))
