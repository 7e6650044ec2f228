"""CSV with a header: values are text, so a column's type follows from all of its values.

A column whose values are all numbers is numeric; one whose values are all ``true`` or ``false``
(also ``True``, ``TRUE``) holds booleans; any other is text. The file is read twice: first to find
the types, then for the rows. The standard library reads it: it streams and knows the line that it
is on.
"""

import csv
from collections.abc import Collection, Iterator
from pathlib import Path

from tidegauge.dataset.table import Advance, Place, Values, read_lines

_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False}
_BOOLEANS |= {"FALSE": False}


class CsvTable:
    """A file of comma-, semicolon- or tab-separated values, whichever the header has most of.

    Args:
        file: where it is.
        text: columns that are text whatever is in them.
        number: columns that must be numbers.
        missing: what stands for a missing value, beside nothing at all.
    """

    def __init__(
        self, file: Path, text: Collection[str], number: Collection[str], missing: Collection[str]
    ) -> None:
        self.file = file
        self._text = text
        self._number = number
        self._missing = {"", *missing}
        self.size = 2 * file.stat().st_size
        self.notes: list[str] = []
        first = next(read_lines(file, lambda _: None), "")
        self._delimiter = max(",;\t", key=first.count)
        try:
            header = next(csv.reader([first], delimiter=self._delimiter, strict=True), [])
        except csv.Error as error:
            raise Place(file, "line", 1).error(str(error)) from None
        if not header or len(set(header)) < len(header) or "" in header:
            raise Place(file, "line", 1).error(
                "the first line must name the columns, each by a name of its own"
            )
        self.columns = tuple(header)

    def rows(self, advance: Advance) -> Iterator[tuple[Place, Values]]:
        """See `tidegauge.dataset.table.Table`."""
        types = _Types(self.columns, self._text, self._missing)
        for place, texts in self._texts(advance):
            types.see(place, texts)
        self.notes = types.notes(self._number)
        for place, texts in self._texts(advance):
            yield place, types.values(texts)

    def _texts(self, advance: Advance) -> Iterator[tuple[Place, list[str]]]:
        lines = read_lines(self.file, advance)
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        try:
            next(reader)
            for texts in reader:
                if not texts:
                    continue
                place = Place(self.file, "line", reader.line_num)
                if len(texts) != len(self.columns):
                    count = f"{len(texts)} values, but the header has {len(self.columns)} columns"
                    raise place.error(f"{count}; quote values that hold the delimiter")
                yield place, texts
        except csv.Error as error:
            raise Place(self.file, "line", reader.line_num).error(str(error)) from None


class _Types:
    """Finds the type of each column, then gives values that type."""

    def __init__(
        self, columns: tuple[str, ...], text: Collection[str], missing: Collection[str]
    ) -> None:
        self._columns = columns
        self._missing = missing
        typed = [index for index, name in enumerate(columns) if name not in text]
        self._numeric = set(typed)
        self._boolean = set(typed)
        self._with_numbers: set[int] = set()
        self._strange: dict[int, tuple[Place, str]] = {}
        """The first value of a column that is no number."""

    def see(self, place: Place, texts: list[str]) -> None:
        """Learn from one row."""
        for index in list(self._numeric):
            text = texts[index]
            if text in self._missing:
                continue
            if _number(text) is None:
                self._numeric.discard(index)
                self._strange[index] = (place, text)
            else:
                self._with_numbers.add(index)
        for index in list(self._boolean):
            if texts[index] not in self._missing and texts[index] not in _BOOLEANS:
                self._boolean.discard(index)

    def notes(self, number: Collection[str]) -> list[str]:
        """Columns that begin with numbers but are text.

        Raises:
            DatasetError: One of them must be ``number``.
        """
        notes = []
        for index, (place, text) in sorted(self._strange.items()):
            name = self._columns[index]
            shown = text if len(text) <= 40 else f"{text[:39]}…"
            if name in number:
                raise place.error(f"{shown!r} is not a number", name)
            if index in self._with_numbers:
                notes.append(str(place.error(f"{shown!r} is not a number: it is text", name)))
        return notes

    def values(self, texts: list[str]) -> Values:
        """The values of one row."""
        row: dict[str, object] = {}
        for index, (name, text) in enumerate(zip(self._columns, texts, strict=True)):
            if text in self._missing:
                row[name] = None
            elif index in self._boolean:
                row[name] = _BOOLEANS[text]
            elif index in self._numeric:
                row[name] = _number(text)
            else:
                row[name] = text
        return row


def _number(text: str) -> float | None:
    """The number that a text is; ``1_000`` is none, although Python would read it."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None
