"""Every code block of the documentation is of a kind that is checked, and says what holds.

Here is what needs no broker; `test_pages` runs the commands and snippets.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from docblocks import PAGES, ROOT, Block, all_blocks, invocations, mentioned
from pydantic import ValidationError
from typer import Exit
from typer._click.exceptions import MissingParameter, UsageError

from tidegauge.cli.main import app
from tidegauge.contract.json_schema import MODELS
from tidegauge.settings import document, load
from tidegauge.site import metrics

BLOCKS = all_blocks()
PACKAGE = ROOT / "app" / "tidegauge"
RUN = ("sh", "python", "java", "go")
CHECKED = ("yaml", "json")
FREE = ("text",)
"""For what a program prints, and for pictures made of letters."""
SETTINGS = set(document.names())
METRICS = {*metrics.exported(), "tidegauge_id", "tidegauge_fingerprint"}
"""And the two annotations that have such names."""


def of(language: str) -> list[Any]:
    return [pytest.param(b, id=b.place) for b in BLOCKS if b.language == language]


def test_every_block_is_of_a_kind_that_is_run_or_checked():
    unknown = [b.place for b in BLOCKS if b.language not in (*RUN, *CHECKED, *FREE)]
    assert unknown == [], "say what language it is: ```sh, or ```text for what is printed"


def test_a_reason_stands_above_what_is_not_run_and_nowhere_else():
    pages = {path: path.read_text(encoding="utf-8").count("<!-- not run:") for path in PAGES}
    reasons = dict.fromkeys(PAGES, 0)
    for block in BLOCKS:
        reasons[ROOT / block.page] += bool(block.reason)
    assert reasons == pages


def parse(arguments: list[str]) -> None:
    """Have the real command line read its arguments, without doing anything."""
    command, name = typer.main.get_command(app), "tidegauge"
    while True:
        try:
            context = command.make_context(name, list(arguments))
        except Exit:  # it was asked for help
            return
        held = getattr(command, "commands", None)
        rest = [*context._protected_args, *context.args]
        if not held or not rest:
            return
        name, command, arguments = command.resolve_command(context, rest)


@pytest.mark.parametrize("block", of("sh"))
def test_commands_are_understood(block: Block):
    for line in block.commands:
        for arguments in invocations(line, "tidegauge"):
            try:
                parse(arguments)
            except UsageError as problem:
                pytest.fail(f"{block.place}: {line}: {problem.format_message()}")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_commands_within_the_text_are_understood(path: Path):
    for line in mentioned(path):
        (arguments,) = invocations(line, "tidegauge")
        try:
            parse(arguments)
        except MissingParameter:  # a command may be named without all that it needs
            continue
        except UsageError as problem:
            pytest.fail(f"{path.name}: `{line}`: {problem.format_message()}")


def is_part(name: str) -> bool:
    """Whether a dotted name is that of a module of the program, or of a file beside one."""
    module = PACKAGE.joinpath(*name.split("."))
    return module.is_dir() or module.with_suffix(".py").exists() or any(PACKAGE.rglob(name))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_settings_and_metrics_that_are_named_exist(path: Path):
    text = path.read_text(encoding="utf-8")
    sections = {name.partition(".")[0] for name in SETTINGS if "." in name}
    dotted = set(re.findall(r"`((?:[a-z]+\.)+[a-z_]+)(?::[^`]*)?`", text))
    unknown = {name for name in dotted - SETTINGS if name.partition(".")[0] in sections}
    modules = {name for name in unknown if is_part(name)}
    assert sorted(unknown - modules) == [], "no such setting"
    exported = set(re.findall(r"\b(tidegauge_[a-z0-9_]*[a-z0-9])\b(?![_…]|\.\*)", text))
    assert sorted(exported - METRICS) == [], "no such metric"


@pytest.mark.parametrize("block", of("sh"))
def test_programs_that_are_not_run_have_the_options_that_are_given(block: Block):
    for line in block.commands:
        for script in re.findall(r"(\S+\.py)", line) if "python" in line else ():
            text = (ROOT / script).read_text(encoding="utf-8")
            for option in re.findall(r"(--[a-z-]+)", line.partition(script)[2]):
                assert f'"{option}"' in text, f"{block.place}: {script} has no {option}"


@pytest.mark.parametrize("block", of("yaml"))
def test_settings_and_rules_can_be_used(block: Block, tmp_path: Path):
    content = yaml.safe_load(block.text)
    if isinstance(content, list):
        assert all({"alert", "expr"} <= set(rule) for rule in content), block.place
        return
    if content.keys() == {"receivers"}:
        return  # of Alertmanager, whose own program reads it in tests/unit/test_rules.py
    file, authorities = tmp_path / "settings.yaml", tmp_path / "ca.pem"
    authorities.touch()
    file.write_text(re.sub(r"/\S+\.pem", str(authorities), block.text), encoding="utf-8")
    secured = "security_protocol: SASL" in block.text
    load(file, {}, {"TIDEGAUGE_KAFKA__SASL_PASSWORD": "secret"} if secured else {})


@pytest.mark.parametrize("block", of("json"))
def test_records_are_valid(block: Block):
    refusals = {}
    for name, model in MODELS.items():
        try:
            model.model_validate_json(block.text)
        except ValidationError as problem:
            refusals[name] = problem.error_count()
        else:
            return
    pytest.fail(f"{block.place} is no record of the contract: {json.dumps(refusals)}")
