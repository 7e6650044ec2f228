"""``tidegauge dead-letters``: what could not be read, and why."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text

from tidegauge.cli import console
from tidegauge.cli.options import AsJson, Follow, Since
from tidegauge.cli.reading import Record, read
from tidegauge.cli.session import session_of
from tidegauge.core.deadletters import DeadLetterRecord, DeadLetterSummaryRecord
from tidegauge.core.reasons import Reason
from tidegauge.wire.dead_letters import decode_dead_letter
from tidegauge.wire.plain import plain
from tidegauge.wire.public import InvalidRecord, rfc3339

HELP = """Print the records that were refused: where they are, the reason, how they begin.

At the end (not with --follow) the refusals are counted by reason, on standard error.

\b
Examples:
  tidegauge dead-letters
  tidegauge dead-letters --follow --reason bad_timestamp
  tidegauge dead-letters --since 1h --json | jq -r '.value | @base64d'
"""

_VALUE_SHOWN = 100


def dead_letters(
    context: typer.Context,
    *,
    follow: Follow = False,
    as_json: AsJson = False,
    since: Since = None,
    reasons: Annotated[
        list[Reason] | None,
        typer.Option("--reason", metavar="REASON", help="Only this reason; may be repeated."),
    ] = None,
) -> None:
    """Print refused records."""
    session = session_of(context)
    topic = session.settings.kafka.topic_names.dead_letters
    waiting = console.waiting_for("dead letters") if follow else None
    records = read(session.connection, topic, since=since, follow=waiting)
    counts: Counter[str] = Counter()
    try:
        for record, letter in _decoded(records):
            if reasons and letter.reason not in reasons:
                continue
            counts[letter.reason] += _count(letter)
            console.output().print(record.value.decode() if as_json else _told(letter))
    except KeyboardInterrupt:
        if not follow:
            raise
    if not as_json:
        by_reason = ", ".join(f"{count:,} {reason}" for reason, count in counts.most_common())
        console.note(f"{counts.total():,} refused: {by_reason}" if counts else "no dead letters")


def _decoded(
    records: Iterator[Record],
) -> Iterator[tuple[Record, DeadLetterRecord | DeadLetterSummaryRecord]]:
    for record in records:
        try:
            yield record, decode_dead_letter(record.value or b"")
        except InvalidRecord as problem:
            place = f"{record.topic}[{record.partition}]@{record.offset}"
            console.error(f"{place} is skipped: {problem}")


def _count(letter: DeadLetterRecord | DeadLetterSummaryRecord) -> int:
    return letter.count if isinstance(letter, DeadLetterSummaryRecord) else 1


def _told(letter: DeadLetterRecord | DeadLetterSummaryRecord) -> Text:
    if isinstance(letter, DeadLetterSummaryRecord):
        ranges = ", ".join(f"{part.first}-{part.last}" for part in letter.ranges)
        place = f"{letter.topic}[{letter.partition}]@{ranges}"
        return Text.assemble(
            (f"{letter.reason}", "bold red"), f"  {place}  {letter.count:,} more, not copied"
        )
    head = Text.assemble(
        rfc3339(letter.timestamp_ms)[:19].replace("T", " "),
        "  ",
        (f"{letter.reason}", "bold red"),
        f"  {letter.topic}[{letter.partition}]@{letter.offset}  {plain(letter.message)}",
    )
    return Text("\n").join([head, Text(f"    {_value(letter)}", style="dim")])


def _value(letter: DeadLetterRecord) -> str:
    if letter.value is None:
        return "no value"
    shown = letter.value[:_VALUE_SHOWN].decode(errors="backslashreplace")
    rest = (letter.value_length or 0) - len(letter.value[:_VALUE_SHOWN])
    return plain(shown) + (f" … and {rest:,} bytes" if rest > 0 else "")
