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


def test_a_ring_holds_fewer_than_two_epochs_of_inputs(make: Callable[[], Detector]) -> None:
    detector = RingDetector(make, epoch=10, scale=0.01)
    sizes = []
    for value in noise(6, 100):
        detector.push(1, round(value * 25))
        sizes.append(len(detector.ring) // 2)
    assert max(sizes) == 19
    assert min(sizes[10:]) == 10


def test_a_ring_is_empty_after_a_detection(make: Callable[[], Detector]) -> None:
    detector = RingDetector(make, epoch=200)
    found = [detector.push(1, units) is not None for units in [0] * 60 + [4] * 30]
    first = found.index(True)
    detector = RingDetector(make, epoch=200)
    for units in ([0] * 60 + [4] * 30)[: first + 1]:
        detector.push(1, units)
    assert detector.ring == []


def test_a_ring_spreads_its_units_evenly() -> None:
    class Recorder:
        def __init__(self) -> None:
            self.update = lambda value: bool(seen.append(value))

        detection = None

    seen: list[float] = []
    detector = RingDetector(Recorder, epoch=5, scale=2.0, offset=-1.0)  # type: ignore[arg-type]
    detector.push(6, 3)
    assert seen == [-1.0, 1.0, -1.0, 1.0, -1.0, 1.0]
    detector.push(1, -7)
    assert seen[6:] == [-15.0]
