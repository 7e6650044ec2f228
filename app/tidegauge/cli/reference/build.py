"""``tidegauge reference build`` and ``put``: profiles from files."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from tidegauge.cli import console
from tidegauge.cli.exits import USAGE, CommandError
from tidegauge.cli.options import moment
from tidegauge.cli.reference import store
from tidegauge.cli.reference.progress import progress
from tidegauge.cli.session import Session, session_of
from tidegauge.core.stats.reference import Origin, ReferenceProfile
from tidegauge.dataset.build import Built, CsvOptions, Format, build, open_table
from tidegauge.dataset.columns import Columns, RowReader
from tidegauge.dataset.table import DatasetError, RequestError
from tidegauge.wire.plain import plain
from tidegauge.wire.references import encode_reference

BUILD = """Build a reference profile from training data or logged predictions, and announce it.

FILE is CSV with a header, JSON lines or Parquet (which needs the package's extra "parquet"). \
Columns are told by the contract's names: request_id, model, version, timestamp, score, prediction \
(or else label), and `features` as an object as in an event; without that, every other column is a \
feature. A sample of reference.sample_size rows is kept in memory: those with the smallest hashes \
of the request id, the same that a worker would take of the same predictions.

Announced, it is what drift is measured against from a minute after the model's newest prediction, \
or at once for a model that has none yet; no learned profile replaces it. Detectors go on with \
the normal that they have learned.

\b
Examples:
  tidegauge reference build train.csv --model fraud --version 7 --ignore id --prediction is_fraud
  tidegauge reference build log.parquet --model fraud --version 7 --features amount,country
  tidegauge reference build log.jsonl --model fraud --version 7 --output fraud-7.json
"""

PUT = """Announce a reference profile that a file holds, such as build --output writes.

\b
Examples:
  tidegauge reference put fraud-7.json
  tidegauge reference put fraud-7.json --effective-from 2026-02-01T00:00:00Z
"""

EffectiveFrom: TypeAlias = Annotated[
    int | None,
    moment(
        "--effective-from",
        "Event time from which it is compared with; else a minute after the newest prediction of "
        "the model.",
    ),
]
Output: TypeAlias = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write the profile to this file and announce nothing."),
]
Start: TypeAlias = Annotated[int | None, moment("--from", "Rows before it don't count.")]
Until: TypeAlias = Annotated[int | None, moment("--until", "Rows from it on don't count.")]


def _column(role: str, text: str) -> Any:
    return typer.Option(f"--{role}", metavar="COLUMN", help=text, show_default=False)


def _columns(option: str, text: str) -> Any:
    help_text = f"{text} Several with commas; may be repeated."
    return typer.Option(option, metavar="COLUMNS", help=help_text, show_default=False)


def build_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The data.")],
    *,
    model: Annotated[str, typer.Option(help="The model's name.")],
    version: Annotated[str, typer.Option(help="Its version.")],
    form: Annotated[
        Format | None, typer.Option("--format", help="Else the file's name tells.")
    ] = None,
    features: Annotated[list[str] | None, _columns("--features", "The features.")] = None,
    ignore: Annotated[list[str] | None, _columns("--ignore", "No features.")] = None,
    prediction: Annotated[
        str | None, _column("prediction", "What the model answered; in training data the label.")
    ] = None,
    score: Annotated[str | None, _column("score", "Probability of the positive class.")] = None,
    request_id: Annotated[str | None, _column("request-id", "Names each row.")] = None,
    timestamp: Annotated[str | None, _column("timestamp", "When the model answered.")] = None,
    model_column: Annotated[
        str | None, _column("model-column", "Rows of another model don't count.")
    ] = None,
    version_column: Annotated[
        str | None, _column("version-column", "Rows of another version don't count.")
    ] = None,
    start: Start = None,
    until: Until = None,
    text: Annotated[
        list[str] | None, _columns("--text", "CSV: text although all values are numbers.")
    ] = None,
    number: Annotated[
        list[str] | None, _columns("--number", "CSV: numbers; another value is an error.")
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(help="CSV: stands for a missing value, such as NA; may be repeated."),
    ] = None,
    sample_size: Annotated[
        int | None, typer.Option(min=1, help="Rows kept; else reference.sample_size.")
    ] = None,
    effective_from: EffectiveFrom = None,
    output: Output = None,
) -> None:
    """Build a profile of a file."""
    session = session_of(context)
    columns = Columns(
        features=_split(features) or None,
        ignored=frozenset(_split(ignore)),
        request_id=request_id,
        timestamp=timestamp,
        score=score,
        prediction=prediction,
        model=model_column,
        version=version_column,
    )
    rules = session.settings.core().model(model)
    if sample_size is not None:
        rules = replace(rules, reference=replace(rules.reference, sample_size=sample_size))
    csv = CsvOptions(_split(text), _split(number), missing or ())
    reader = RowReader(columns, model, version, rules, start=start, until=until)
    try:
        built = _build(file, form, csv, reader)
    except RequestError as problem:
        raise CommandError(str(problem), USAGE) from None
    except DatasetError as problem:
        raise CommandError(str(problem)) from None
    _check_features(session, built.profile)
    for note in built.notes:
        console.note(note)
    for why, count in built.skipped.items():
        console.note(f"passed over: {count:,} {why}")
    console.output().print(f"{built.rows:,} rows, {built.profile.sample_count:,} sampled")
    finish(session, built.profile, effective_from, output)


def put(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The profile.")],
    *,
    effective_from: EffectiveFrom = None,
) -> None:
    """Announce the profile of a file."""
    profile = store.load(file)
    if profile.origin is Origin.LEARNED:
        # a person chooses the period that it was learned from
        profile = profile.changed(origin=Origin.PINNED)
    finish(session_of(context), profile, effective_from, None)


def finish(
    session: Session, profile: ReferenceProfile, effective_from: int | None, output: Path | None
) -> None:
    """Write a profile to a file or announce it, and say so."""
    if output is None:
        since = store.in_effect_from(session, profile.model, effective_from)
        profile = profile.changed(effective_from=since)
        store.publish(session, profile)
        done = f"announced, in effect from {store.effect(profile)}"
    else:
        profile = profile.changed(effective_from=effective_from or 0)
        _, value = encode_reference(profile)
        try:
            output.write_bytes(value + b"\n")
        except OSError as error:
            raise CommandError(f"{output} can't be written: {error.strerror}") from None
        done = f"written to {output}"
    name = f"{profile.model} {profile.version}"
    what = f"{len(profile.features)} features" + (", scores" if profile.score_counts else "")
    console.output().print(plain(f"{name}: {what}; {done} (id {profile.id})"))


def _build(file: Path, form: Format | None, csv: CsvOptions, reader: RowReader) -> Built:
    table = open_table(file, form, reader.columns, csv)
    with progress(file.name, table.size) as advance:
        return build(table, reader, advance)


def _check_features(session: Session, profile: ReferenceProfile) -> None:
    limit = session.settings.limits.features
    if len(profile.features) > limit:
        raise CommandError(
            f"the data has {len(profile.features)} features, and limits.features is {limit}: "
            "further ones are never compared; choose with --features or --ignore"
        )


def _split(names: list[str] | None) -> tuple[str, ...]:
    return tuple(name for part in names or () for name in part.split(",") if name)
