"""What every file of rows offers, whatever its format, and how its errors read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

Values: TypeAlias = Mapping[str, object]
"""A row: its values by column."""
Advance: TypeAlias = Callable[[int], object]
"""Told how much more was read, in the unit of `Table.size`."""


_STEP = 1 << 20
"""Bytes between two reports of progress."""


class DatasetError(Exception):
    """A file cannot be used: which, where in it, why, and what to do."""


class RequestError(DatasetError):
    """What was asked for is wrong, whatever the rows hold: no such file, format or column."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something is."""

    file: Path
    unit: str
    """``line`` or ``row``."""
    number: int
    """From 1; a line counts as a text editor counts it."""

    def error(self, problem: str, column: str | None = None) -> DatasetError:
        """The error that names this place."""
        where = f"{self.file}, {self.unit} {self.number}"
        if column is not None:
            where += f", column {column!r}"
        return DatasetError(f"{where}: {problem}")


class Table(Protocol):
    """A file of rows, read from its beginning to its end in bounded memory."""

    file: Path

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The names of all columns; None where each row has its own."""

    @property
    def size(self) -> int:
        """How much there is to read, for a progress bar."""

    @property
    def notes(self) -> list[str]:
        """What a reader should know of how the file was understood, once it is read."""

    def rows(self, advance: Advance) -> Iterator[tuple[Place, Values]]:
        """All rows.

        Raises:
            DatasetError: The file is damaged or is not of this format.
        """


def read_lines(file: Path, advance: Advance) -> Iterator[str]:
    """The lines of a text file, ends of lines included.

    Raises:
        DatasetError: A line is not UTF-8.
    """
    read = 0
    with file.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            read += len(line)
            if read >= _STEP:
                advance(read)
                read = 0
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                problem = f"not UTF-8: {error.reason} at byte {error.start}"
                raise Place(file, "line", number).error(problem) from None
