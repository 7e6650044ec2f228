"""What the site is built from: the repository's pages, with links that fit the site.

The pages live where people look for them in a checkout (``README.md`` and ``ARCHITECTURE.md`` at
its top, the rest in ``docs``), and link to each other as files there. The site has one folder, so
links are written anew for it; what it does not hold, such as a program's source, stays as text.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""The checkout."""

_TOP = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "benchmarks/README.md": "benchmarks.md",
}
_FOLDERS = {"docs": "", "schemas": "schemas/"}
_CODE_OR_LINK = re.compile(r"(`+)[^`]+\1|(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^ *```")


class SourceError(Exception):
    """A page links to what is not in the checkout."""


def placed(root: Path = ROOT) -> dict[str, str]:
    """Where each file of the checkout that the site holds lies in the site, both as POSIX paths."""
    found = dict(_TOP)
    for folder, place in _FOLDERS.items():
        for path in sorted((root / folder).rglob("*")):
            if path.is_file():
                below = path.relative_to(root / folder).as_posix()
                found[f"{folder}/{below}"] = place + re.sub(r"\bREADME\.md$", "index.md", below)
    return found


def lay_out(target: Path, root: Path = ROOT) -> None:
    """Write everything that the site is built from into an empty folder.

    Raises:
        SourceError: A page links to a file that does not exist.
    """
    places = placed(root)
    shutil.rmtree(target, ignore_errors=True)
    for name, place in places.items():
        path = target / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            text = (root / name).read_text(encoding="utf-8")
            path.write_text(rewritten(text, name, places, root), encoding="utf-8")
        else:
            shutil.copyfile(root / name, path)


def rewritten(text: str, name: str, places: Mapping[str, str], root: Path = ROOT) -> str:
    """A page of the checkout as the site has it.

    Args:
        text: what it says.
        name: its path in the checkout.
        places: as `placed` tells.
        root: the checkout.

    Raises:
        SourceError: It links to a file that does not exist.
    """

    def link(match: re.Match[str]) -> str:
        code, mark, words, address = match.groups()
        if code or re.match(r"[a-z][a-z0-9+.-]*:|#", address):
            return match.group()
        file, hash_, anchor = address.partition("#")
        linked = os.path.normpath(Path(name).parent / file)
        if not (root / linked).exists():
            raise SourceError(f"{name}: links to {address}, which is not there")
        index = f"{linked}/README.md"
        place = places.get(index if index in places else linked)
        if place is None:
            return words
        if words.endswith(".md"):
            words = _title(root / linked)
        return (
            f"{mark}[{words}]({os.path.relpath(place, Path(places[name]).parent)}{hash_}{anchor})"
        )

    return "".join(_linked(text, link))


def _title(page: Path) -> str:
    """What a page calls itself: readers of the site know pages by titles, not by file names."""
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def _linked(text: str, link: Callable[[re.Match[str]], str]) -> Iterator[str]:
    """The lines with their links replaced, but for those in fenced blocks."""
    fenced = False
    for line in text.splitlines(keepends=True):
        fence = bool(_FENCE.match(line))
        fenced ^= fence
        yield line if fenced or fence else _CODE_OR_LINK.sub(link, line)
