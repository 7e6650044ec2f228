"""Parquet, by pyarrow, which is large (170 MB installed) and so only there when it is asked for."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tidegauge.dataset.table import Advance, DatasetError, Place, Values

_BATCH = 4_096


class ParquetTable:
    """A Parquet file.

    Args:
        file: where it is.
        wanted: tells which of the columns are needed.

    Raises:
        DatasetError: pyarrow is not installed, or the file is no Parquet file.
    """

    def __init__(self, file: Path, wanted: Callable[[tuple[str, ...]], list[str]]) -> None:
        try:
            from pyarrow import parquet  # noqa: PLC0415 - an extra
        except ImportError:
            raise DatasetError(
                f"{file}: reading Parquet needs pyarrow, which is not installed: "
                "pip install 'tidegauge[parquet]', or give the data as CSV or JSON lines"
            ) from None
        self.file = file
        self.notes: list[str] = []
        try:
            self._parquet = parquet.ParquetFile(file)
        except (ValueError, OSError) as error:
            raise DatasetError(f"{file} is no Parquet file: {error}") from None
        self.columns = tuple(self._parquet.schema_arrow.names)
        self.size = self._parquet.metadata.num_rows
        self._wanted = wanted(self.columns)

    def rows(self, advance: Advance) -> Iterator[tuple[Place, Values]]:
        """See `tidegauge.dataset.table.Table`."""
        number = 0
        try:
            for batch in self._parquet.iter_batches(_BATCH, columns=self._wanted):
                for values in batch.to_pylist():
                    number += 1
                    yield Place(self.file, "row", number), values
                advance(batch.num_rows)
        except (ValueError, OSError) as error:
            raise Place(self.file, "row", number + 1).error(f"can't be read: {error}") from None
