"""What a worker does not load: it would cost seconds of each start, and memory for good."""

import subprocess
import sys

import pytest
from river.drift import ADWIN as WHOLE_ADWIN  # the package, as anybody else imports it
from river.drift import PageHinkley as WholePageHinkley

from tidegauge.core.detect.river import ADWIN, PageHinkley

HEAVY = ("pandas", "sklearn", "scipy.stats", "textual", "matplotlib")


def test_a_worker_loads_no_library_of_data_science() -> None:
    program = "import sys, tidegauge.cli.main, tidegauge.worker.serve; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert {name for name in HEAVY if name in done.stdout.split()} == set()


@pytest.mark.parametrize(("mine", "whole"), [(ADWIN, WHOLE_ADWIN), (PageHinkley, WholePageHinkley)])
def test_the_detectors_are_those_of_the_package(mine: type, whole: type) -> None:
    assert mine.__qualname__ == whole.__qualname__
    assert mine.__module__ == whole.__module__
    one, other = mine(), whole()
    values = [0.0, 1.0] * 100 + [5.0, 6.0] * 100
    found = [(one.update(v), one.drift_detected) for v in values]
    assert found == [(other.update(v), other.drift_detected) for v in values]
    assert any(drift for _, drift in found)
