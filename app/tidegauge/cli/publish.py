"""``tidegauge publish``: JSON lines to the topic of predictions or of feedback."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from kafka import KafkaProducer
from kafka.producer.future import FutureRecordMetadata
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from tidegauge.cli import console
from tidegauge.cli.cluster import kafka_errors, require_topic
from tidegauge.cli.exits import USAGE, CommandError
from tidegauge.cli.session import Session, session_of
from tidegauge.core.config import CoreConfig
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.partitioner import Partitioner, partition_for
from tidegauge.core.reasons import Reason
from tidegauge.kafka.client import client_options
from tidegauge.kafka.consumer import TIMEOUT_MS
from tidegauge.wire.events import InvalidEvent, decode_feedback, decode_prediction

HELP = """Publish events from a file of JSON lines, or from standard input.

Each line is checked first, by itself: one that is no valid event, or is further ahead of now \
than time.max_future allows, is not published. (A worker can still refuse one that contradicts \
another.) The record key is the request id, the partition that of join.partitioner. Empty lines \
are skipped.

\b
Examples:
  tidegauge publish predictions events.jsonl
  tidegauge publish feedback < labels.jsonl
  tidegauge publish predictions events.jsonl --dry-run
"""

_AT_ONCE = 2_000
"""Records on their way at a time: bounds the memory, and how much a failure leaves unknown."""


class Event(StrEnum):
    """What is published."""

    PREDICTIONS = "predictions"
    FEEDBACK = "feedback"


_DECODERS: Mapping[Event, Callable[[bytes], Prediction | Feedback]] = {
    Event.PREDICTIONS: decode_prediction,
    Event.FEEDBACK: decode_feedback,
}


def publish(
    context: typer.Context,
    event: Annotated[Event, typer.Argument(help="What the lines are.")],
    file: Annotated[
        Path, typer.Argument(help="The file; - is standard input.", show_default=False)
    ] = Path("-"),
    keep_going: Annotated[
        bool,
        typer.Option(
            "--keep-going", "-k", help="Skip lines that are wrong; else the first one is the end."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Check the lines and publish nothing.")
    ] = False,
) -> None:
    """Publish what is valid."""
    session = session_of(context)
    check = _Check(event, session.settings.core(), keep_going=keep_going)
    with _lines(file) as lines:
        if dry_run:
            count = sum(1 for _ in check.valid(lines))
        else:
            count = _send(session, event, check.valid(lines))
    done = "valid" if dry_run else "published"
    console.output().print(f"{event}: {count:,} {done}, {check.refused:,} refused")
    if check.refused:
        raise typer.Exit(1)


class _Check:
    """Tells valid lines from others, which it reports with their number."""

    def __init__(self, event: Event, rules: CoreConfig, *, keep_going: bool) -> None:
        self._decode = _DECODERS[event]
        self._rules = rules
        self._keep_going = keep_going
        self.refused = 0

    def valid(self, lines: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of the valid lines, up to the first invalid one unless told otherwise."""
        for number, line in enumerate(lines, start=1):
            value = line.strip()
            if not value:
                continue
            try:
                key = self._key(value)
            except InvalidEvent as problem:
                self.refused += 1
                console.error(f"line {number}: {problem}")
                if not self._keep_going:
                    return
                continue
            yield key, value

    def _key(self, value: bytes) -> bytes:
        """The key of a line that a worker would accept now.

        Raises:
            InvalidEvent: it would not.
        """
        event = self._decode(value)
        rules = self._rules.default if event.model is None else self._rules.model(event.model)
        ahead_ms = round((event.timestamp.timestamp() - time.time()) * 1000)
        if ahead_ms > rules.max_future_ms:
            raise InvalidEvent(
                Reason.FUTURE_TIMESTAMP,
                f"the timestamp is {ahead_ms // 1000} s ahead of now; "
                "check the clock and the time zone (setting time.max_future)",
            )
        return event.request_id.encode()


def _send(session: Session, event: Event, records: Iterator[tuple[bytes, bytes]]) -> int:
    topic: str = getattr(session.settings.kafka.topic_names, event)
    require_topic(session.connection, topic)
    count = 0
    with kafka_errors(session.connection), open_producer(session) as producer:
        sender = _Sender(producer, topic, session.settings.join.partitioner)
        for count, (key, value) in enumerate(records, start=1):  # noqa: B007 - counts
            sender.send(key, value)
        sender.settle()
    return count


class _Sender:
    """Sends records to their home partitions and sees to it that all arrive."""

    def __init__(self, producer: KafkaProducer, topic: str, partitioner: Partitioner) -> None:
        self._producer = producer
        self._topic = topic
        self._partitions = len(producer.partitions_for(topic))
        self._partitioner = partitioner
        self._pending: list[FutureRecordMetadata] = []

    def send(self, key: bytes, value: bytes) -> None:
        """Send one record; at times this waits for those before it."""
        partition = partition_for(key, self._partitions, self._partitioner)
        self._pending.append(
            self._producer.send(self._topic, key=key, value=value, partition=partition)
        )
        if len(self._pending) >= _AT_ONCE:
            self.settle()

    def settle(self) -> None:
        """Wait until all that was sent is in the log.

        Raises:
            KafkaError: A record was not accepted.
        """
        self._producer.flush()
        for delivery in self._pending:
            delivery.get()
        self._pending.clear()


@contextmanager
def open_producer(session: Session) -> Iterator[KafkaProducer]:
    """A producer for the time of the context."""
    producer = KafkaProducer(
        **client_options(session.connection),
        client_id="tidegauge-cli",
        linger_ms=5,
        allow_auto_create_topics=False,
        max_block_ms=TIMEOUT_MS,
        bootstrap_timeout_ms=TIMEOUT_MS,
    )
    try:
        yield producer
    finally:
        producer.close()


@contextmanager
def _lines(file: Path) -> Iterator[Iterator[bytes]]:
    """The lines of the file or of standard input, with a progress bar on a terminal."""
    if file == Path("-"):
        yield iter(sys.stdin.buffer)
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}", USAGE) from None
    with opened, _progress() as progress:
        yield _counted(opened, progress, file)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console.messages(),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _counted(opened: BinaryIO, progress: Progress, file: Path) -> Iterator[bytes]:
    task = progress.add_task(file.name, total=file.stat().st_size)
    for line in opened:
        progress.advance(task, len(line))
        yield line
