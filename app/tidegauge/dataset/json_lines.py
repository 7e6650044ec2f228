"""JSON lines: one object a line; each value has the type it is written in."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from tidegauge.dataset.table import Advance, Place, Values, read_lines


class JsonLines:
    """A file of JSON lines; empty lines are passed over.

    Args:
        file: where it is.
    """

    columns = None

    def __init__(self, file: Path) -> None:
        self.file = file
        self.size = file.stat().st_size
        self.notes: list[str] = []

    def rows(self, advance: Advance) -> Iterator[tuple[Place, Values]]:
        """See `tidegauge.dataset.table.Table`."""
        decode = msgspec.json.Decoder(dict[str, object]).decode
        for number, line in enumerate(read_lines(self.file, advance), start=1):
            if not line.strip():
                continue
            place = Place(self.file, "line", number)
            try:
                yield place, decode(line)
            except msgspec.DecodeError as error:
                raise place.error(f"must be a JSON object: {error}") from None
