"""A reference profile of a file: a sample of its rows, as a worker would learn it from events."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tidegauge.core.stats.reference import Origin, ReferenceProfile
from tidegauge.dataset.columns import Columns, RowReader
from tidegauge.dataset.csv_table import CsvTable
from tidegauge.dataset.json_lines import JsonLines
from tidegauge.dataset.parquet import ParquetTable
from tidegauge.dataset.sample import Sample, sample_profile
from tidegauge.dataset.table import Advance, DatasetError, RequestError, Table


class Format(StrEnum):
    """Formats that are read."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"


_SUFFIXES = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
}


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How the values of CSV are understood; see `CsvTable`."""

    text: Collection[str] = ()
    number: Collection[str] = ()
    missing: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """A profile and what it was built from."""

    profile: ReferenceProfile
    rows: int
    """Rows that count."""
    skipped: Counter[str]
    """Rows passed over, by why."""
    notes: list[str]


def open_table(file: Path, form: Format | None, columns: Columns, csv: CsvOptions) -> Table:
    """Open a file.

    Args:
        file: where it is.
        form: its format; None: its name tells.
        columns: what the columns mean.
        csv: how the values of CSV are understood.

    Raises:
        RequestError: It can't be read, or lacks a column that was named.
        DatasetError: It is not of this format.
    """
    form = form or _SUFFIXES.get(file.suffix.lower())
    if form is None:
        known = ", ".join(_SUFFIXES)
        raise RequestError(f"{file}: its name ends in none of {known}; say --format")
    table: Table
    try:
        match form:
            case Format.CSV:
                text = columns.texts() | set(csv.text)
                table = CsvTable(file, text, csv.number, csv.missing)
            case Format.JSON_LINES:
                table = JsonLines(file)
            case Format.PARQUET:
                with file.open("rb"):
                    pass
                table = ParquetTable(file, columns.wanted)
    except OSError as error:
        raise RequestError(f"{file} can't be read: {error.strerror}") from None
    if table.columns is not None:
        columns.check(table.columns, file)
    return table


def build(table: Table, reader: RowReader, advance: Advance) -> Built:
    """Build the profile of a file.

    The rows with the smallest hashes of their request id are the sample, as when a worker learns a
    profile (`tidegauge.core.collect.sampling`); of a request id that comes twice the first row.

    Args:
        table: the file.
        reader: reads its rows, and says for which model version.
        advance: told how much was read.

    Raises:
        DatasetError: The file can't be used, or no row of it counts.
    """
    sample: Sample = Sample(reader.rules.reference.sample_size)
    count = 0
    for place, values in table.rows(advance):
        row = reader.read(place, values)
        if row is None:
            continue
        count += 1
        sample.add(row.hash, row)
    name = f"model {reader.model!r} version {reader.version!r}"
    if not count:
        skipped = ", ".join(f"{n:,} {why}" for why, n in reader.skipped.items()) or "it is empty"
        raise DatasetError(f"{table.file}: no row is of {name}: {skipped}")
    reader.check(table.file)
    profile = sample_profile(sample, reader.model, reader.version, reader.rules)
    start, until = reader.period
    profile = profile.changed(origin=Origin.BUILT, learned_from=start, learned_until=until)
    return Built(profile, count, reader.skipped, table.notes)
