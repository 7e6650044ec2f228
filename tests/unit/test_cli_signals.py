"""Ctrl-C and SIGTERM while the program starts, and while a command runs."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tidegauge
from tidegauge.cli.main import app

SOURCE = Path(tidegauge.__file__).parents[1]


def started(*arguments: str, path: Path = SOURCE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tidegauge", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{SOURCE}"},
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_imports_ends_it_quietly(number: signal.Signals, tmp_path: Path):
    slow = "import time\nprint('importing', flush=True)\ntime.sleep(60)\n"
    (tmp_path / "typer.py").write_text(slow)
    with started("--version", path=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_with_130(number: signal.Signals):
    with started("publish", "feedback", "--dry-run", "--keep-going") as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write("no event\n")
        process.stdin.flush()
        assert process.stderr.readline().startswith("tidegauge: line 1: ")
        process.send_signal(number)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in said


def test_a_worker_whose_port_is_taken_says_so_before_its_imports(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "tidegauge.worker.serve", None)  # an import of it fails
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["--set", f"http.port={port}", "worker"])
    assert result.exit_code == 64
    assert f"can't listen on 127.0.0.1 port {port}: Address already in use" in result.stderr
