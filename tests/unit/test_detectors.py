"""What every detector promises, whichever it is, and what its ring makes of it."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from tidegauge.core.detect.detectors import AdaptiveWindow, Detector, TwoSidedPageHinkley
from tidegauge.core.detect.ring import RingDetector

DETECTORS: dict[str, Callable[[], Detector]] = {
    "adwin": partial(AdaptiveWindow, 1e-4),
    "page_hinkley": partial(TwoSidedPageHinkley, 25.0, 0.25),
}


@pytest.fixture(params=DETECTORS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(name: str) -> Callable[[], Detector]:
    return DETECTORS[name]


def noise(seed: int, size: int) -> list[float]:
    return list(np.random.default_rng(seed).normal(size=size).tolist())


def first_detection(detector: Detector, values: list[float]) -> int | None:
    return next((i for i, value in enumerate(values) if detector.update(value)), None)


@pytest.mark.parametrize("shift", [-2.0, 2.0])
def test_finds_a_change_in_either_direction(make: Callable[[], Detector], shift: float) -> None:
    values = noise(1, 100) + [shift + value for value in noise(2, 100)]
    found = first_detection(make(), values)
    assert found is not None
    assert 100 <= found < 140


@pytest.mark.parametrize("seed", range(5))
def test_is_quiet_on_independent_normal_values(make: Callable[[], Detector], seed: int) -> None:
    assert first_detection(make(), noise(seed, 2_000)) is None


def test_is_quiet_on_a_constant(make: Callable[[], Detector]) -> None:
    assert first_detection(make(), [0.0] * 1_000) is None


def test_names_itself_and_gives_a_statistic_over_its_threshold(
    name: str, make: Callable[[], Detector]
) -> None:
    detector = make()
    assert first_detection(detector, noise(1, 100) + [5.0] * 50) is not None
    found, statistic, threshold = detector.detection()
    assert found == name
    assert (statistic is None) == (threshold is None)
    if statistic is not None and threshold is not None:
        assert statistic > threshold


def test_is_deterministic(make: Callable[[], Detector]) -> None:
    values = noise(3, 100) + [1.0 + value for value in noise(4, 200)]
    assert first_detection(make(), values) == first_detection(make(), values)


def test_page_hinkley_finds_a_level_that_was_off_from_its_first_value() -> None:
    values = [1.0 + value for value in noise(5, 100)]
    assert first_detection(TwoSidedPageHinkley(25.0, 0.25), values) is not None


def test_page_hinkley_is_the_cusum_of_page() -> None:
    detector, up, down = TwoSidedPageHinkley(1e9, 0.25), 0.0, 0.0
    for value in noise(7, 500):
        detector.update(value)
        up, down = max(0.0, up + value - 0.25), max(0.0, down - value - 0.25)
        assert detector.detection().statistic == pytest.approx(max(up, down), abs=1e-6)


def test_a_ring_holds_fewer_than_two_epochs_of_inputs(make: Callable[[], Detector]) -> None:
    detector = RingDetector(make, scale=0.01, epoch=10)
    sizes = []
    for value in noise(6, 100):
        detector.push(round(value * 25))
        sizes.append(len(detector.ring))
    assert max(sizes) == 19
    assert min(sizes[10:]) == 10


def test_a_ring_is_empty_after_a_detection(make: Callable[[], Detector]) -> None:
    inputs = [0] * 60 + [4] * 30
    detector = RingDetector(make, scale=1.0, epoch=200)
    found = [detector.push(units) is not None for units in inputs]
    first = found.index(True)
    detector = RingDetector(make, scale=1.0, epoch=200)
    for units in inputs[: first + 1]:
        detector.push(units)
    assert detector.ring == []
