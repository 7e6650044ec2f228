"""The code blocks of the documentation, and the commands in them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

_OPENING = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w+-]*)(?: +title=\"(?P<title>[^\"]+)\")? *$"
)
_REASON = re.compile(r"<!-- not run: (?P<reason>.+?) -->")
_INLINE = re.compile(r"(?<!`)`(tidegauge [^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """One fenced code block.

    Attributes:
        page: where it stands, as a path below the checkout.
        line: the number of its first line.
        language: what the page says it is in.
        title: the file that it is the content of, or empty.
        text: what it says, without the indentation of the fence.
        reason: why it is not run, from a comment right above it, ``<!-- not run: ... -->``.
    """

    page: str
    line: int
    language: str
    title: str
    text: str
    reason: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The command lines of a shell block; a comment belongs to no command."""
        joined = self.text.replace("\\\n", " ")
        return [line for line in joined.splitlines() if line and not line.startswith("#")]


def blocks(path: Path) -> Iterator[Block]:
    """The blocks of one page, from its top."""
    lines = path.read_text(encoding="utf-8").splitlines()
    page = path.relative_to(ROOT).as_posix()
    above = ""
    number = 0
    while number < len(lines):
        opening = _OPENING.match(lines[number])
        if not opening:
            assert "```" not in lines[number], (
                f"{page}:{number + 1}: a fence that is not understood"
            )
            above = lines[number].strip() or above
            number += 1
            continue
        assert len(opening["indent"]) in (0, 4), (
            f"{page}:{number + 1}: the site needs 4 spaces here"
        )
        indent, language, title = opening["indent"], opening["language"], opening["title"] or ""
        end = lines.index(f"{indent}```", number + 1)
        text = "\n".join(line.removeprefix(indent) for line in lines[number + 1 : end])
        reason = _REASON.fullmatch(above)
        yield Block(page, number + 2, language, title, text, reason["reason"] if reason else "")
        above = ""
        number = end + 1


def all_blocks() -> list[Block]:
    """Those of all pages."""
    return [block for path in PAGES for block in blocks(path)]


def mentioned(path: Path) -> list[str]:
    """The commands of Tidegauge that a page names within its text."""
    return _INLINE.findall(path.read_text(encoding="utf-8"))


def invocations(line: str, program: str) -> Iterator[list[str]]:
    """The arguments of each call of a program in a line of shell."""
    words = shlex.split(line, comments=True)
    call: list[str] | None = None
    for word in words:
        if word in ("|", "&&", ";", "<", ">", "||", "2>"):
            if call is not None:
                yield call
            call = None
        elif call is not None:
            call.append(word)
        elif Path(word).name == program:
            call = []
    if call is not None:
        yield call
