"""``tidegauge advise``: what to do for a model, what it brings, on what evidence."""

import json
import textwrap
from collections.abc import Iterable, Iterator
from typing import Annotated, TypeAlias

import msgspec
import typer
from kafka import TopicPartition

from tidegauge.cli import console
from tidegauge.cli.cluster import kafka_errors, require_topic
from tidegauge.cli.exits import CommandError
from tidegauge.cli.options import AsJson
from tidegauge.cli.reading import Record
from tidegauge.cli.session import Session, session_of
from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.improve.advice import Advice, advise
from tidegauge.core.improve.known import Known, sizes_used
from tidegauge.core.records import DeploymentRecord, LedgerRecord, MetricRecord
from tidegauge.kafka.consumer import open_consumer
from tidegauge.live.past import Past
from tidegauge.wire.alerts import decode_alert
from tidegauge.wire.metrics import decode_metrics, window_size_ms
from tidegauge.wire.plain import plain
from tidegauge.wire.public import InvalidRecord, joined_key, to_public

HELP = """Say what would make a model do better, what it brings, and on what evidence.

It reads the topics alerts and metrics as any subscriber may. What is numbered is sure: the lower \
end of its 95 % interval is above 0. The part of the errors or costs that it surely takes away \
decides the order. Gains overlap and don't add up.

The costs of mistakes of a binary model are settings (costs.false_positive and so on); equal by \
default. docs/improve.md says how each figure comes about.

\b
Examples:
  tidegauge advise fraud
  tidegauge advise fraud --json    one JSON object a line, the first thing to do first
"""

_WIDTH = 80
_INDENT = " " * 4

MetricsRecord: TypeAlias = MetricRecord | LedgerRecord | DeploymentRecord


def advise_command(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="The model's name.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Print what to do for a model."""
    known = _known(session_of(context), model)
    advice = advise(known)
    if as_json:
        for found in advice:
            line = {"model": model} | msgspec.to_builtins(to_public(found))
            console.output().print(json.dumps(line, ensure_ascii=False))
        return
    for line in lines(model, advice):
        console.output().print(plain(line))


def lines(model: str, advice: Iterable[Advice]) -> Iterator[str]:
    """The advice for people, in lines of at most 80 columns."""
    advice = list(advice)
    sure = [found for found in advice if found.sure]
    others = [found for found in advice if not found.sure]
    yield f"{model}: {_summary(len(sure))}"
    for number, found in enumerate(sure, start=1):
        yield ""
        yield from _told(f"{number:>2}  ", found)
    if others:
        yield ""
        yield "Looked at as well:"
    for found in others:
        yield ""
        yield from _told("  - ", found)


def _summary(sure: int) -> str:
    if not sure:
        return "nothing is sure to make it do better"
    return f"{sure} {'thing' if sure == 1 else 'things'} to do, the first one first"


def _told(mark: str, found: Advice) -> Iterator[str]:
    yield from _wrapped(mark, found.action)
    yield from _wrapped(_INDENT + ("brings    " if found.sure else "measured  "), found.brings)
    yield from _wrapped(f"{_INDENT}because   ", found.evidence)


def _wrapped(mark: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark))


# ---------------------------------------------------------------- reading


def _known(session: Session, model: str) -> Known:
    names = session.settings.kafka.topic_names
    with console.working("reading alerts and metrics"):
        metrics = list(_metrics(session, names.metrics, model))
        alerts = [a for a in _alerts(session, names.alerts) if a.model == model]
    watermarks = [record.time_ms for record in metrics if isinstance(record, LedgerRecord)]
    if not watermarks:
        raise CommandError(
            f"topic {names.metrics} has nothing on a model {model}; `tidegauge top` lists the "
            "models that there are"
        )
    return Known(
        windows=[record for record in metrics if isinstance(record, MetricRecord)],
        alerts=alerts,
        deployments=[record for record in metrics if isinstance(record, DeploymentRecord)],
        now_ms=max(watermarks),
    )


def _metrics(session: Session, topic: str, model: str) -> Iterator[MetricsRecord]:
    """The records of a model that advice rests on; of windows, those of two sizes."""
    prefix = joined_key(model) + b"|"
    windows: dict[int, list[Record]] = {}
    for record in _newest(session, topic):
        key = record.key or b""
        if not key.startswith(prefix):
            continue
        size_ms = window_size_ms(key)
        if size_ms is None:
            yield from _decoded(record)
        else:
            windows.setdefault(size_ms, []).append(record)
    for size_ms in sizes_used(windows):
        for record in windows[size_ms]:
            yield from _decoded(record)


def _decoded(record: Record) -> Iterator[MetricsRecord]:
    try:
        yield decode_metrics(record.value or b"")
    except InvalidRecord as problem:
        _skipped(record, problem)


def _alerts(session: Session, topic: str) -> Iterator[AlertRecord]:
    for record in _newest(session, topic):
        try:
            yield decode_alert(record.value or b"", record.headers)
        except InvalidRecord as problem:
            _skipped(record, problem)


def _skipped(record: Record, problem: InvalidRecord) -> None:
    console.error(f"{record.topic}[{record.partition}]@{record.offset} is skipped: {problem}")


def _newest(session: Session, topic: str) -> Iterator[Record]:
    """The newest record of each key, as far back as `Past` reads."""
    require_topic(session.connection, topic)
    with kafka_errors(session.connection), open_consumer(session.connection, bulk=True) as consumer:
        partitions = consumer.partitions_for_topic(topic) or ()
        places = [TopicPartition(topic, partition) for partition in sorted(partitions)]
        begins, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
        for chunk in Past(consumer, begins, ends).chunks():
            yield from chunk
