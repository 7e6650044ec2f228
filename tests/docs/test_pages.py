"""Every command and snippet of the documentation runs, page by page, in the order of the page.

All pages share one broker, on which a worker has read some days of the demo with a fault.
"""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from docblocks import PAGES, ROOT, Block, blocks
from docworld import SECONDS, DocWorld
from typer.testing import CliRunner

from tidegauge.cli.main import app

pytestmark = [pytest.mark.docs, pytest.mark.broker]

ENDLESS = re.compile(
    r"^tidegauge (?!.*--(test|dry-run))(.* )?(worker|notify|console|--follow|-f)\b"
)
"""Commands that go on until they are stopped."""
ASSIGNMENT = re.compile(r"(\w+)=(\S+)")
PLAIN = re.compile(r"tidegauge [^|<>&;$]*")
"""Commands that need no shell."""
FINE = (0, 130)
"""Exit codes of what was stopped: in order, or before it had begun."""


def runnable(path: Path) -> list[Block]:
    return [
        b
        for b in blocks(path)
        if not b.reason and (b.language in ("sh", "python") or (b.language == "yaml" and b.title))
    ]


@pytest.mark.parametrize(
    "path", [path for path in PAGES if runnable(path)], ids=lambda p: p.relative_to(ROOT).as_posix()
)
@pytest.mark.timeout(600)
def test_the_page_does_what_it_says(path: Path, world: DocWorld, tmp_path: Path):
    folder = world.folder(tmp_path)
    environment = dict(world.environment)
    for block in runnable(path):
        text = world.here(block.text)
        if block.language == "yaml":
            (folder / block.title).write_text(text, encoding="utf-8")
            environment.pop("TIDEGAUGE_CONFIG", None)
        elif block.language == "python":
            run(block.place, [sys.executable, "-c", text], folder, environment)
        else:
            for line in block.commands:
                line = world.here(line)  # noqa: PLW2901 - with the addresses of this world
                run_line(f"{block.place}: {line}", line, folder, environment)
                if line.startswith("export "):
                    environment |= ASSIGNMENT.findall(line.partition("&&")[0])


def run_line(place: str, line: str, folder: Path, environment: dict[str, str]) -> None:
    if ENDLESS.match(line):
        run_until_it_says_something(place, line, folder, environment)
    elif PLAIN.fullmatch(line):
        run_here(place, shlex.split(line, comments=True)[1:], folder, environment)
    else:
        run(place, ["bash", "-o", "pipefail", "-c", line], folder, environment)


def run_here(place: str, arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run a command of Tidegauge in this process: starting one takes longer than most commands."""
    gone = {name: None for name in os.environ if name not in environment}
    with contextlib.chdir(folder):
        done = CliRunner().invoke(app, arguments, env={**environment, **gone})
    assert done.exit_code == 0, f"{place}: exit code {done.exit_code}\n{done.output[-2000:]}"


def run(place: str, command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=2 * SECONDS,
        check=False,
    )
    assert done.returncode == 0, (
        f"{place}: exit code {done.returncode}\n{done.stdout[-500:]}\n{done.stderr[-2000:]}"
    )


def said(out: Path, awaited: str) -> bool:
    text = out.read_text().strip()
    return bool(text) and awaited in text


def run_until_it_says_something(
    place: str, line: str, folder: Path, environment: dict[str, str]
) -> None:
    with (folder / "out").open("w") as out:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {line}"], cwd=folder, env=environment, stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + SECONDS
        awaited = "event=opened" if "worker" in line else ""
        while process.poll() is None and not said(folder / "out", awaited):
            assert time.monotonic() < deadline, place
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) in FINE, f"{place}\n{(folder / 'out').read_text()[-2000:]}"
    finally:
        if process.poll() is None:
            process.kill()
