"""Checks the links of a built site: every page, file and anchor is there, and nothing is remote.

Links to other sites are checked by their form alone; what a page loads (scripts, styles, fonts,
images) must come from the site itself, so that it works without a network.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src")}
_RELATIONS_LOADED = {"stylesheet", "icon", "preload", "preconnect", "modulepreload"}
_CSS_ADDRESS = re.compile(r"url\(['\"]?(https?:)?//|@import\s+['\"]https?://")


@dataclass
class _Page(HTMLParser):
    ids: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    loaded: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        relations = set(given.get("rel", "").split())
        for name in ("href", "src"):
            if name not in given:
                continue
            is_loaded = (tag, name) in _LOADED or (tag == "link" and relations & _RELATIONS_LOADED)
            (self.loaded if is_loaded else self.links).add(given[name])


def problems(site: Path) -> list[str]:
    """What is wrong with the links of the site in a folder, one line each."""
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    found = [
        f"{path.relative_to(site)}: {problem}"
        for path, page in pages.items()
        for problem in _problems(site, path, page, pages)
    ]
    found += [
        f"{sheet.relative_to(site)}: loads from another site"
        for sheet in sorted(site.rglob("*.css"))
        if _CSS_ADDRESS.search(sheet.read_text(encoding="utf-8"))
    ]
    return found


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    return page


def _problems(site: Path, path: Path, page: _Page, pages: dict[Path, _Page]) -> Iterator[str]:
    for address in sorted(page.loaded | page.links):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            if address in page.loaded and parts.scheme != "data":
                yield f"loads {address}, which needs a network"
            elif parts.scheme in ("http", "https") and not re.fullmatch(
                r"[a-z0-9.-]+(:\d+)?", parts.netloc
            ):
                yield f"links to {address}, which is no address"
            continue
        base = site if parts.path.startswith("/") else path.parent
        target = path if not parts.path else (base / unquote(parts.path.lstrip("/"))).resolve()
        target = target / "index.html" if target.is_dir() else target
        if not target.is_file():
            yield f"links to {address}, which is not there"
        elif parts.fragment and target in pages and not _has(pages[target], parts.fragment):
            yield f"links to {address}, an anchor that is not there"


def _has(page: _Page, fragment: str) -> bool:
    return unquote(fragment) in page.ids
