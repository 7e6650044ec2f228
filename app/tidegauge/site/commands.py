"""The page about the command line, from the commands themselves."""

import re
from collections.abc import Iterator
from typing import Any

import typer
from typer._click.core import Context

from tidegauge.cli.main import app
from tidegauge.site.sources import ROOT

_HEAD = """# Command line

<!-- Generated: `python -m tidegauge.site.generate` -->

Every command with its arguments and options, as its `--help` tells them. Results go \
to standard output, everything else to standard error; where it says `--json`, one JSON object a \
line is for programs. [Settings](settings.md) come from a file, the environment and flags.
"""
_PROGRAM = "tidegauge"
_EXAMPLES = "Examples:"
_NOT_RUN = {
    "tidegauge console": "it serves pages until it is stopped; its own tests open them",
    "tidegauge demo": "each line takes minutes; tests/integration/test_demo_command.py runs demos",
    "tidegauge topics create": "needs three brokers; the README's line creates the topics",
    "tidegauge worker": "each start shares all partitions out anew; the README's line starts one",
    "tidegauge top": "needs a terminal; tests/integration/test_top_kafka.py runs it in one",
}
"""Why the tests of the documentation don't run the examples of a command."""


def page() -> str:
    """The whole page as Markdown."""
    root = typer.main.get_command(app)
    text = "\n".join([_HEAD, *_command(root, _PROGRAM)])
    return text.replace(f"{ROOT}/", "")


def commands(group: Any = None, name: str = _PROGRAM) -> Iterator[tuple[str, Any]]:
    """Every command below a group, by its whole name; the program itself is the first."""
    group = typer.main.get_command(app) if group is None else group
    yield name, group
    for word, command in getattr(group, "commands", {}).items():
        if not command.hidden:
            yield from commands(command, f"{name} {word}")


def _command(root: Any, program: str) -> Iterator[str]:
    for name, command in commands(root, program):
        yield f"## {name}\n"
        yield from _help(command.help or "", _NOT_RUN.get(name, ""))
        yield from _parameters(command)
        below = [word for word, held in getattr(command, "commands", {}).items() if not held.hidden]
        if below:
            links = (f"[`{word}`](#{name.replace(' ', '-')}-{word})" for word in below)
            yield f"Commands: {', '.join(links)}.\n"


def _help(text: str, reason: str) -> Iterator[str]:
    """Help text: paragraphs run on, but for those that are laid out as they stand."""
    for part in re.split(r"\n\s*\n", text.strip()):
        laid_out = part.lstrip().startswith("\b")
        lines = [line.rstrip() for line in part.replace("\b", "").strip("\n").splitlines()]
        if not laid_out:
            yield " ".join(line.strip() for line in lines) + "\n"
        elif lines[0].strip() == _EXAMPLES:
            if reason:
                yield f"<!-- not run: {reason} -->"
            yield "```sh\n" + "\n".join(map(_example, lines[1:])) + "\n```\n"
        else:
            title = [lines.pop(0) + "\n"] if lines[0].endswith(":") else []
            yield "\n".join([*title, "```text", *lines, "```\n"])


def _example(line: str) -> str:
    """One line of examples; what explains it stands behind a # in a shell."""
    command, *words = re.split(r"\s{3,}", line.strip(), maxsplit=1)
    return "  # ".join([command, *words])


def _parameters(command: Any) -> Iterator[str]:
    context = Context(command)
    records = [parameter.get_help_record(context) for parameter in command.params]
    if not any(records):
        return
    yield "| argument or option | default | meaning |\n| --- | --- | --- |"
    for names, words in filter(None, records):
        said, default = _said(" ".join(words.split()))
        yield f"| `{_cell(names)}` | {default} | {_cell(said)} |"
    yield ""


def _said(words: str) -> tuple[str, str]:
    """The words of one option, and its default as Markdown."""
    said, _, notes = (
        words.removesuffix("]").rpartition("[") if words.endswith("]") else (words, "", "")
    )
    parts = [part for part in notes.split("; ") if part]
    default = [
        f"`{part.removeprefix('default: ')}`" for part in parts if part.startswith("default: ")
    ]
    others = [part for part in parts if not part.startswith("default: ") and part != "required"]
    also = f" ({', '.join(others)})" if others else ""
    return said.rstrip() + also, "required" if "required" in parts else "".join(default)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
