"""``tidegauge reference`` without a broker: from a file to a profile, shown and compared."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tidegauge.cli.main import app
from tidegauge.core.stats.reference import Origin
from tidegauge.wire.references import decode_reference

NOW = "2026-01-05T10:00:05Z"


def reference(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["reference", *(str(argument) for argument in arguments)])


def build(file: Path, *options: str | Path) -> Result:
    return reference("build", file, "--model", "fraud", "--version", "7", *options)


@pytest.fixture
def train(tmp_path: Path) -> Path:
    file = tmp_path / "train.csv"
    rows = [
        f"r{n},{n % 50},{'NO' if n % 3 else 'SE'},{n % 10 / 10},{n % 4 == 0}" for n in range(300)
    ]
    file.write_text("\n".join(["id,amount,country,score,label", *rows]) + "\n")
    return file


@pytest.fixture
def built(train: Path) -> Path:
    assert build(train, "--request-id", "id", "-o", train.with_suffix(".json")).exit_code == 0
    return train.with_suffix(".json")


def test_build_writes_a_profile_and_says_what_it_is_of(train: Path):
    file = train.with_suffix(".json")
    result = build(
        train, "--ignore", "id", "--sample-size", "100", "--effective-from", NOW, "-o", file
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        "300 rows, 100 sampled\nfraud 7: 2 features, scores; written to"
    )
    profile = decode_reference(file.read_bytes())
    assert (profile.model, profile.version, profile.origin) == ("fraud", "7", Origin.BUILT)
    assert profile.sample_count == 100
    assert {f.name for f in profile.features} == {"amount", "country"}


def test_show_tells_what_is_normal(built: Path):
    result = reference("show", built, "--bins")
    assert (result.exit_code, result.stderr) == (0, "")
    words = " ".join(result.stdout.split())
    assert "built from 300 predictions, no period" in words
    assert "in effect from the next pane on" in words
    assert "25.00% predicted positive" in words
    assert "amount numeric 0.0% 0 24.5 49" in words
    assert "country categorical 0.0% NO 67%, SE 33% of 2" in words
    assert "below 0 0.0% 0 to 5 10.0%" in words


def test_show_as_json_is_a_profile_again(built: Path, tmp_path: Path):
    copy = tmp_path / "copy.json"
    copy.write_text(reference("show", built, "--json").stdout)
    assert decode_reference(copy.read_bytes()) == decode_reference(built.read_bytes())


def test_diff_tells_where_two_profiles_differ(built: Path, train: Path):
    moved = train.with_name("moved.csv")
    moved.write_text(train.read_text().replace(",NO,", ",DK,"))
    other = train.with_name("moved.json")
    build(moved, "--features", "country", "--features", "label", "-o", other)
    result = reference("diff", built, other, "--bins")
    assert (result.exit_code, result.stderr) == (0, "")
    words = " ".join(result.stdout.split())
    assert "amount numeric → none" in words
    assert "label none → categorical" in words
    assert "NO 66.7% 0.0%" in words
    assert "unseen 0.0% 66.7%" in words
    told = json.loads(reference("diff", built, other, "--json").stdout)
    assert told["before"] == decode_reference(built.read_bytes()).id
    (country,) = [f for f in told["features"] if f["psi"] is not None]
    assert country["name"] == "country"
    assert country["psi"] > 5
    assert told["score_psi"] == 0


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--features", "amont"], 64, "has no column 'amont'; did you mean 'amount'?"),
        (["--number", "country"], 1, "line 2, column 'country': 'SE' is not a number"),
        (["--effective-from", "noon"], 64, "'noon' is not an RFC 3339 time with an offset"),
        (["--from", "2026-01-01T00:00:00Z"], 1, "column 'timestamp': it has no time"),
        (["--output", "/no/such/file"], 1, "/no/such/file can't be written: No such file"),
    ],
)
def test_what_is_wrong_is_said(train: Path, options: list[str], code: int, said: str):
    result = build(train, *options)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.output


def test_a_file_that_is_not_there_is_a_wrong_argument(tmp_path: Path):
    for name in ("no.csv", "no.jsonl", "no.parquet"):
        result = build(tmp_path / name)
        assert result.exit_code == 64
        assert f"{name} can't be read: No such file or directory" in result.stderr


def test_more_features_than_are_ever_compared_are_refused(train: Path):
    limited = ["-s", "limits.features=1", "reference", "build", str(train)]
    result = CliRunner().invoke(app, [*limited, "--model", "m", "--version", "1", "-o", "x.json"])
    assert result.exit_code == 1
    assert "the data has 3 features, and limits.features is 1" in result.stderr


def test_rows_and_columns_that_are_not_what_they_seem_are_noted(tmp_path: Path):
    file = tmp_path / "log.csv"
    file.write_text("model,version,plan\nfraud,7,1\nfraud,8,2\nfraud,7,free\n")
    result = build(file, "-o", tmp_path / "log.json")
    assert result.stdout.startswith("2 rows, 2 sampled\n")
    assert "line 4, column 'plan': 'free' is not a number: it is text\n" in result.stderr
    assert "passed over: 1 of another version\n" in result.stderr


def test_a_file_that_is_no_profile(tmp_path: Path):
    file = tmp_path / "a.json"
    file.write_text("{}")
    for command in ("put", "show"):
        result = reference(command, file)
        assert result.exit_code == 1
        assert f"{file} is no reference profile: missing field" in result.stderr
    assert reference("put", tmp_path / "none.json").exit_code == 64


def test_a_period_must_begin_before_it_ends():
    result = reference("pin", "m", "--from", NOW, "--until", NOW)
    assert result.exit_code == 64
    assert "--from must be before --until" in result.stderr


STATUSES = ("late", *["on time"] * 7, "cancelled", "on time")


def profile_of(folder: Path, name: str, answers: list[str]) -> Path:
    """A profile of a model that gave these answers."""
    file = folder / f"{name}.csv"
    rows = [f"{n},{n % 50},{answer}" for n, answer in enumerate(answers)]
    file.write_text("\n".join(["id,amount,prediction", *rows]) + "\n")
    built = build(file, "--request-id", "id", "-o", file.with_suffix(".json"))
    assert built.exit_code == 0, built.output
    return file.with_suffix(".json")


def words_of(*arguments: str | Path) -> str:
    result = reference(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return " ".join(result.stdout.split())


def test_show_tells_the_shares_of_classes(tmp_path: Path):
    words = words_of("show", profile_of(tmp_path, "classes", [*STATUSES] * 20))
    assert "on time 80.0% cancelled 10.0% late 10.0%" in words
    assert "predicted positive" not in words


def test_show_lists_the_frequent_classes_and_all_of_them_with_bins(tmp_path: Path):
    answers = [f"class {n}" for n in range(12) for _ in range(n + 1)]
    built = profile_of(tmp_path, "many", answers)
    assert "class 2 3.8% 2 more 3.8%" in words_of("show", built)
    with_bins = words_of("show", built, "--bins")
    assert "class 2 3.8% class 1 2.6% class 0 1.3%" in with_bins
    assert "more" not in with_bins


def test_show_tells_the_distribution_of_numbers(tmp_path: Path):
    built = profile_of(tmp_path, "numbers", [str(n + 0.5) for n in range(-50, 50)] * 3)
    words = words_of("show", built)
    assert "answers least 10 % below median 90 % below most" in words
    assert "predicted positive" not in words
    described = words.split("numbers ")[1].split()[:5]
    assert [float(x) for x in described] == pytest.approx([-49.5, -40.5, -0.5, 39.5, 49.5], 0.0244)
    shares = words_of("show", built, "--bins").split("answers share")[1]
    assert shares.count("%") >= 10


def test_diff_tells_how_classes_differ(tmp_path: Path):
    one = profile_of(tmp_path, "one", [*STATUSES] * 20)
    two = profile_of(tmp_path, "two", ["on time", "late"] * 100)
    words = words_of("diff", one, two, "--bins")
    told = json.loads(reference("diff", one, two, "--json").stdout)["class_answers"]
    assert f"answers classes {told['psi']:.3f} {told['js']:.3f}" in words
    assert "cancelled 10.0% 0.0% late 10.0% 50.0% on time 80.0% 50.0%" in words
    assert "positive rate" not in words


def test_diff_tells_how_numbers_differ(tmp_path: Path):
    one = profile_of(tmp_path, "one", [str(n + 0.5) for n in range(100)] * 3)
    two = profile_of(tmp_path, "two", [str(n + 40.5) for n in range(100)] * 3)
    words = words_of("diff", one, two, "--bins")
    told = json.loads(reference("diff", one, two, "--json").stdout)["number_answers"]
    assert f"answers numbers {told['psi']:.3f} {told['js']:.3f}" in words
    assert told["psi"] > 0.25
    medians = (told["median_before"], told["median_after"])
    assert medians == pytest.approx((49.5, 89.5), 0.0244)
    assert f"median answer {medians[0]:.3g} {medians[1]:.3g}" in words
    assert sum(b["after"] for b in told["bins"]) == pytest.approx(1)


def test_the_configured_kind_decides_how_answers_are_read(tmp_path: Path):
    built = profile_of(tmp_path, "whole", [str(n % 7) for n in range(140)])
    assert "0 14.3% 1 14.3%" in words_of("show", built)
    configured = tmp_path / "tidegauge.yaml"
    configured.write_text("models:\n  fraud:\n    kind: regression\n")
    result = CliRunner().invoke(app, ["--config", str(configured), "reference", "show", str(built)])
    assert result.exit_code == 0, result.output
    assert "numbers 0 0 3" in " ".join(result.stdout.split())
