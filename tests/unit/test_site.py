"""The documentation site: it has every page, links fit it, and broken ones are found."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tidegauge.export import collector
from tidegauge.export.page import Metric
from tidegauge.site import metrics
from tidegauge.site.commands import commands
from tidegauge.site.generate import PAGES
from tidegauge.site.links import problems
from tidegauge.site.sources import ROOT, SourceError, placed, rewritten

PLACES = placed()


def pages_of(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for held in entry.values():
                yield from pages_of(held if isinstance(held, list) else [held])


def test_the_navigation_has_every_page_once():
    nav = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    pages = sorted(place for place in PLACES.values() if place.endswith(".md"))
    assert sorted(pages_of(nav)) == pages, "zensical.toml: nav and the pages in docs differ"


@pytest.mark.parametrize(
    ("page", "text", "there"),
    [
        ("README.md", "see [why](docs/why.md#one-request)", "see [why](why.md#one-request)"),
        ("README.md", "![it](docs/top.svg)", "![it](top.svg)"),
        ("docs/why.md", "[all](../ARCHITECTURE.md)", "[all](architecture.md)"),
        ("docs/adr/0002-partials-are-deltas.md", "[x](../limits.md)", "[x](../limits.md)"),
        ("ARCHITECTURE.md", "[the decisions](docs/adr)", "[the decisions](adr/index.md)"),
        ("docs/why.md", "[schema](../schemas/alert.schema.json)", None),
        ("README.md", "in [docs/why.md](docs/why.md)", "in [Why an alert fires](why.md)"),
        ("docs/why.md", "[a program](../benchmarks/flights.py)", "a program"),
        ("docs/why.md", "`[a](b.md)` [c](https://d.example) [e](#f)", None),
        ("docs/why.md", "```\n[a](b.md)\n```", None),
    ],
)
def test_links_fit_the_site(page: str, text: str, there: str | None):
    wanted = text.replace("../schemas", "schemas") if there is None else there
    assert rewritten(text, page, PLACES) == wanted


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_in_step_with_the_code(name: str):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), (
        "run python -m tidegauge.site.generate and commit the result"
    )


def test_a_metric_that_the_page_does_not_have_is_refused(monkeypatch: pytest.MonkeyPatch):
    new = Metric("tidegauge_new", "Undocumented.")
    monkeypatch.setattr(collector, "METRICS", (*collector.METRICS, new))
    with pytest.raises(metrics.UndocumentedError, match="tidegauge_new"):
        metrics.page()


def test_the_page_of_commands_has_every_command_and_option():
    sections = dict(part.split("\n", 1) for part in PAGES["cli.md"]().split("\n## ")[1:])
    for name, command in commands():
        options = [o for o in command.params if o.param_type_name == "option" and not o.hidden]
        for option in options:
            assert option.opts[0] in sections[name], f"{name} {option.opts[0]}"


def test_a_link_to_a_file_that_does_not_exist_is_refused():
    with pytest.raises(SourceError, match=r"docs/why\.md: links to gone\.md"):
        rewritten("[x](gone.md)", "docs/why.md", PLACES)


def test_broken_and_remote_links_of_a_built_site_are_found(tmp_path: Path):
    (tmp_path / "b.html").write_text('<h2 id="here">b</h2>', encoding="utf-8")
    (tmp_path / "a.html").write_text(
        '<link rel="stylesheet" href="a.css"><script src="https://far.example/x.js"></script>'
        '<a href="b.html#here">1</a><a href="b.html#gone">2</a><a href="c.html">3</a>'
        '<a href="https://fine.example/x">4</a><a href="https://not an address/">5</a>',
        encoding="utf-8",
    )
    (tmp_path / "a.css").write_text("body { background: url(https://far.example/x.png) }")
    assert problems(tmp_path) == [
        "a.html: links to b.html#gone, an anchor that is not there",
        "a.html: links to c.html, which is not there",
        "a.html: loads https://far.example/x.js, which needs a network",
        "a.html: links to https://not an address/, which is no address",
        "a.css: loads from another site",
    ]
