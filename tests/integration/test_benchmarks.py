"""The benchmark programs run, stop by themselves and print; few of the figures are judged."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tidegauge

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(*arguments: str, seconds: float = 200.0) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=BENCHMARKS,
        env={**os.environ, "PYTHONPATH": str(Path(tidegauge.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_programs_that_need_kafka_can_be_loaded():
    assert "loaded" in run("-c", "import throughput, latency, scaling, partitions; print('loaded')")


def test_stages_without_kafka():
    printed = run("curves.py", "--pairs", "400", "--repeat", "1", "--only", "versions")
    assert printed.count("us/event") == 5


def test_the_page_is_in_step_with_the_figures_that_were_saved():
    run("redraw.py", "--check")


@pytest.mark.slow
def test_most_faults_injected_into_the_flights_are_found_and_explained():
    kinds = ("unit", "stuck", "missing", "offset", "version", "slow", "traffic", "labels")
    figures = json.loads(run("injected.py", "--worlds", "1", "--seed", "5", "--kinds", *kinds))
    assert figures["all"]["found"]["of"] == len(kinds)
    assert figures["all"]["found"]["count"] >= 6
    assert figures["all"]["first"]["count"] >= 5


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.timeout(500)
def test_memory_stays_flat_while_requests_expire():
    assert ": flat" in run("soak.py", "--days", "5", "--day", "12", "--rate", "100", seconds=480)


@pytest.mark.long
@pytest.mark.broker
@pytest.mark.timeout(300)
def test_programs_take_turns():
    sizes = ("--pairs", "20000", "--rounds", "1", "--faust-pairs", "500")
    printed = run("throughput.py", *sizes, seconds=240)
    assert "worker/limit" in printed
    assert "worker/faust" in printed


@pytest.mark.long
@pytest.mark.broker
@pytest.mark.timeout(300)
def test_live_events_are_seen():
    sizes = ("--pairs", "20000", "--seconds", "20", "--shares", "10")
    assert '"pane_published"' in run("latency.py", *sizes, seconds=240)


@pytest.mark.long
@pytest.mark.broker
@pytest.mark.timeout(300)
def test_two_workers_share_the_partitions():
    printed = run("scaling.py", "workers", "--pairs", "20000", "--rounds", "1", seconds=240)
    assert "workers2" in printed
