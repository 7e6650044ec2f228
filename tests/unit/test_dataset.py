"""Files of rows: one profile from every format, and errors that name file, place and column."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tidegauge.core.config import ModelConfig, ReferenceConfig
from tidegauge.core.stats.reference import CategoricalReference, NumericReference, Origin
from tidegauge.dataset.build import Built, CsvOptions, build, open_table
from tidegauge.dataset.columns import Columns, RowReader
from tidegauge.dataset.table import DatasetError

T = "2026-01-05T10:00:00Z"
T_MS = 1_767_607_200_000

ROWS: list[dict[str, Any]] = [
    {"id": "r1", "amount": 12.5, "country": "NO", "returning": True, "score": 0.9, "label": 1},
    {"id": "r2", "amount": 7, "country": "SE", "returning": False, "score": 0.1, "label": 0},
    {"id": "r3", "amount": None, "country": "NO", "returning": True, "score": None, "label": 0},
    {"id": "r4", "amount": -1, "country": None, "returning": None, "score": 0.5, "label": None},
]


def csv_of(rows: list[dict[str, Any]], delimiter: str = ",") -> str:
    lines = [delimiter.join(rows[0])]
    lines += [delimiter.join("" if v is None else str(v) for v in row.values()) for row in rows]
    return "\n".join(lines) + "\n"


def read(
    file: Path,
    columns: Columns | None = None,
    csv: CsvOptions | None = None,
    *,
    period: tuple[int | None, int | None] = (None, None),
    size: int = 100,
) -> Built:
    rules = ModelConfig(reference=ReferenceConfig(sample_size=size))
    columns = columns or Columns()
    reader = RowReader(columns, "m", "1", rules, start=period[0], until=period[1])
    table = open_table(file, None, columns, csv or CsvOptions())
    return build(table, reader, lambda _: None)


def read_text(folder: Path, name: str, text: str | bytes, **how: Any) -> Built:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(file, **how)


def problem(folder: Path, name: str, text: str | bytes, **how: Any) -> str:
    with pytest.raises(DatasetError) as error:
        read_text(folder, name, text, **how)
    return str(error.value).replace(str(folder), "")


# -------------------------------------------------------------------- formats


def test_every_format_gives_the_same_profile(tmp_path: Path) -> None:
    columns = Columns(request_id="id", ignored=frozenset({"id"}))
    lines = "".join(f"{json.dumps(row)}\n" for row in ROWS)
    nested = "".join(
        json.dumps(
            {
                "id": row["id"],
                "score": row["score"],
                "label": row["label"],
                "features": {k: row[k] for k in ("amount", "country", "returning")},
            }
        )
        + "\n\n"
        for row in ROWS
    )
    built = [
        read_text(tmp_path, "a.csv", csv_of(ROWS), columns=columns),
        read_text(tmp_path, "a.tsv", csv_of(ROWS, "\t"), columns=columns),
        read_text(tmp_path, "b.csv", b"\xef\xbb\xbf" + csv_of(ROWS, ";").encode(), columns=columns),
        read_text(tmp_path, "a.jsonl", lines, columns=columns),
        read_text(tmp_path, "b.ndjson", nested, columns=columns),
    ]
    for name, table in (
        ("a.parquet", pa.Table.from_pylist(ROWS)),
        ("b.pq", pa.Table.from_pylist([json.loads(line) for line in nested.splitlines() if line])),
    ):
        parquet.write_table(table, tmp_path / name)
        built.append(read(tmp_path / name, columns))
    first = built[0].profile
    assert [b.profile for b in built] == [first] * len(built)
    assert (first.origin, first.sample_count) == (Origin.BUILT, 4)
    assert first.positive_rate == 1 / 3, "one row tells no answer"
    assert first.class_counts == {"0": 2, "1": 1}
    assert sum(first.value_counts.values()) == 3
    assert (first.learned_from, first.effective_from) == (None, 0)
    amount, country, returning = first.features
    assert isinstance(amount, NumericReference)
    assert (amount.low, amount.high, amount.missing_share) == (-1, 12.5, 0.25)
    assert isinstance(country, CategoricalReference)
    assert country.categories == ("NO", "SE")
    assert isinstance(returning, CategoricalReference)
    assert returning.categories == ("true", "false")


def test_the_sample_is_of_the_smallest_hashes_whatever_the_order(tmp_path: Path) -> None:
    rows = [{"request_id": f"r{n}", "x": n} for n in range(300)]
    one = read_text(tmp_path, "a.csv", csv_of(rows), size=20).profile
    two = read_text(tmp_path, "b.csv", csv_of(rows[::-1] + rows[:9]), size=20).profile
    assert one == two
    assert one.sample_count == 20


def test_rows_without_a_request_id_are_told_apart_by_their_number(tmp_path: Path) -> None:
    built = read_text(tmp_path, "a.csv", "x\n" + "1\n" * 50, size=20)
    assert (built.rows, built.profile.sample_count) == (50, 20)


# -------------------------------------------------------------------- columns


def test_rows_of_others_and_of_other_times_do_not_count(tmp_path: Path) -> None:
    lines = [
        {"model": "m", "version": 1, "timestamp": T, "x": 1.0},
        {"model": "m", "version": "2", "timestamp": T, "x": 2.0},
        {"model": "n", "version": "1", "timestamp": T, "x": 3.0},
        {"model": "m", "version": "1", "timestamp": "2026-01-05T12:00:00+02:00", "x": 4.0},
        {"model": "m", "version": "1", "timestamp": "2026-01-05T09:59:59Z", "x": 5.0},
        {"model": "m", "version": "1", "timestamp": "2026-01-05T10:00:01Z", "x": 6.0},
    ]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    built = read_text(tmp_path, "a.jsonl", text, period=(T_MS, T_MS + 1_000))
    assert built.rows == 2
    assert built.skipped == {
        "of another version": 1,
        "of another model": 1,
        "outside the period": 2,
    }
    assert (built.profile.learned_from, built.profile.learned_until) == (T_MS, T_MS + 1_000)
    whole = read_text(tmp_path, "b.jsonl", text).profile
    assert (whole.learned_from, whole.learned_until) == (T_MS - 1_000, T_MS + 1_001)


def test_columns_are_chosen_by_name(tmp_path: Path) -> None:
    columns = Columns(
        features=("b",), score="p", prediction="y", request_id="k", model="who", version="which"
    )
    text = "k,a,b,p,y,who,which\n1,1,2,0.5,yes,m,1\n2,1,3,0.5,no,m,2\n"
    profile = read_text(tmp_path, "a.csv", text, columns=columns).profile
    assert [f.name for f in profile.features] == ["b"]
    assert (profile.sample_count, profile.positive_rate) == (1, 1)
    assert sum(profile.score_counts.values()) == 1


def test_parquet_reads_times_and_only_the_columns_that_are_needed(tmp_path: Path) -> None:
    times = pa.array([T_MS, T_MS + 5], pa.timestamp("ms", "UTC"))
    table = pa.table({"at": times, "x": [1, 2], "blob": [[1], [2]]})
    parquet.write_table(table, tmp_path / "a.parquet")
    columns = Columns(timestamp="at", ignored=frozenset({"blob"}))
    profile = read(tmp_path / "a.parquet", columns).profile
    assert (profile.learned_from, profile.learned_until) == (T_MS, T_MS + 6)
    assert read(tmp_path / "a.parquet", Columns(features=("x",))).rows == 2
    with pytest.raises(DatasetError, match=r"row 1, column 'blob': list \[1\] is no number, text"):
        read(tmp_path / "a.parquet", Columns(ignored=frozenset({"at"})))


# -------------------------------------------------------------------- types in CSV


def test_a_column_of_csv_is_what_all_of_its_values_are(tmp_path: Path) -> None:
    text = "zip,plan,flag,n\n0150,1,true,1e3\n0151,2,FALSE,\n0152,free,,nan\n"
    built = read_text(tmp_path, "a.csv", text, csv=CsvOptions(text=["zip"]))
    types = {f.name: type(f).__name__ for f in built.profile.features}
    assert types == {
        "flag": "CategoricalReference",
        "n": "NumericReference",
        "plan": "CategoricalReference",
        "zip": "CategoricalReference",
    }
    assert built.notes == [
        f"{tmp_path / 'a.csv'}, line 4, column 'plan': 'free' is not a number: it is text"
    ]


def test_what_stands_for_missing_is_told(tmp_path: Path) -> None:
    built = read_text(tmp_path, "a.csv", "x\n1\nNA\n", csv=CsvOptions(missing=["NA"]))
    assert built.profile.features[0].missing_share == 0.5
    said = problem(tmp_path, "b.csv", "x\n1\nNA\n", csv=CsvOptions(number=["x"]))
    assert said == "/b.csv, line 3, column 'x': 'NA' is not a number"


# -------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "x,y\n1,2\n3\n", "/a.csv, line 3: 1 values, but the header has 2 columns"),
        ("a.csv", 'x,y\n"a\nb",2\n1,2,3\n', "/a.csv, line 4: 3 values"),
        ("a.csv", 'x,y\n1,"2\n', "/a.csv, line 2: unexpected end of data"),
        ("a.csv", "x,x\n1,2\n", "/a.csv, line 1: the first line must name the columns"),
        ("a.csv", "", "/a.csv, line 1: the first line must name the columns"),
        ("a.csv", "x\n", "/a.csv: no row is of model 'm' version '1': it is empty"),
        ("a.csv", b"x\n\xff\n", "/a.csv, line 2: not UTF-8: invalid start byte at byte 0"),
        ("a.csv", "x,score\n1,1.5\n", "line 2, column 'score': 1.5 is not a probability"),
        ("a.csv", "x,score\n1,high\n", "line 2, column 'score': str 'high' is not a number"),
        ("a.csv", "x\ninf\n", "line 2, column 'x': inf is beyond the largest number, 1e+100"),
        ("a.csv", f"x\n{'a' * 201}\n", "line 2, column 'x': a text of 201 characters; at most 200"),
        ("a.csv", "x,timestamp\n1,noon\n", "column 'timestamp': 'noon' is not an RFC 3339 time"),
        ("a.jsonl", '{"x":1}\n{"x":\n', "/a.jsonl, line 2: must be a JSON object: Input data was"),
        ("a.jsonl", "[1]\n", "/a.jsonl, line 1: must be a JSON object: Expected `object`"),
        ("a.jsonl", '{"x":[1]}\n', "leave it out with --ignore x"),
        ("a.jsonl", '{"prediction":{}}\n', "column 'prediction': dict {} is neither a class nor"),
        ("a.jsonl", '{"timestamp":5}\n', "column 'timestamp': 5 is not an RFC 3339 time"),
        ("a.jsonl", '{"model":"n"}\n', "no row is of model 'm' version '1': 1 of another model"),
        ("a.parquet", "PAR1", "/a.parquet is no Parquet file: "),
        ("a.xlsx", "", "/a.xlsx: its name ends in none of .csv, .tsv, .jsonl, .ndjson, .parquet"),
    ],
)
def test_an_error_names_file_place_and_column(
    tmp_path: Path, name: str, text: str | bytes, said: str
) -> None:
    assert said in problem(tmp_path, name, text)


def test_a_column_that_does_not_exist_is_named_with_the_nearest(tmp_path: Path) -> None:
    said = problem(tmp_path, "a.csv", "amount\n1\n", columns=Columns(features=("amonut",)))
    assert said == "/a.csv has no column 'amonut'; did you mean 'amount'?"
    said = problem(tmp_path, "a.csv", "b,a\n1,1\n", columns=Columns(score="probability"))
    assert said == "/a.csv has no column 'probability'; there are a, b"
    said = problem(tmp_path, "a.jsonl", '{"a":1}\n', columns=Columns(features=("a", "c")))
    assert said == "/a.jsonl: no row has c"


def test_a_row_without_time_cannot_be_told_to_be_in_the_period(tmp_path: Path) -> None:
    said = problem(tmp_path, "a.jsonl", '{"x":1}\n', period=(0, None))
    where = "/a.jsonl, line 1, column 'timestamp'"
    assert said == f"{where}: it has no time, so it can't be told whether it counts"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for name in ("a.csv", "a.jsonl", "a.parquet"):
        with pytest.raises(DatasetError, match=r"can't be read: No such file or directory"):
            read(tmp_path / name)


def test_without_pyarrow_parquet_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    said = problem(tmp_path, "a.parquet", "")
    assert "pip install 'tidegauge[parquet]', or give the data as CSV or JSON lines" in said
