"""The topic of references as the commands use it: what it holds, and how something is announced."""

from collections.abc import Iterator
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition

from tidegauge.cli import console
from tidegauge.cli.cluster import kafka_errors, require_topic
from tidegauge.cli.exits import USAGE, CommandError
from tidegauge.cli.publish import open_producer
from tidegauge.cli.reading import read
from tidegauge.cli.session import Session
from tidegauge.core.config import MINUTE
from tidegauge.core.panes import pane_start
from tidegauge.core.partitioner import partition_for
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.dataset.period import event_time
from tidegauge.kafka.consumer import open_consumer
from tidegauge.wire.public import InvalidRecord, rfc3339
from tidegauge.wire.references import decode_reference, encode_reference

_POLL_MS = 500
_TAIL = 500
"""Records at the end of each partition in which a model's event time is looked for."""
_MARGIN_MS = MINUTE
"""How far ahead of the newest prediction a reference takes effect: every worker has heard of it."""


def announced(session: Session) -> list[ReferenceProfile]:
    """The newest profile of each model version, by model and version.

    Raises:
        CommandError: The topic can't be read.
    """
    newest: dict[bytes, ReferenceProfile] = {}
    topic = session.settings.kafka.topic_names.references
    for record in read(session.connection, topic, since=None):
        if record.value is None:
            newest.pop(record.key, None)
            continue
        try:
            newest[record.key] = decode_reference(record.value)
        except InvalidRecord as problem:
            console.error(
                f"{record.topic}[{record.partition}]@{record.offset} is skipped: {problem}"
            )
    return sorted(newest.values(), key=lambda profile: (profile.model, profile.version))


def find(session: Session, name: str, version: str | None = None) -> ReferenceProfile:
    """The profile that a person named: a file, ``MODEL`` or ``MODEL@VERSION``.

    Raises:
        CommandError: There is none, or a model has several versions and none was named.
    """
    if version is None and Path(name).is_file():
        return load(Path(name))
    profiles = announced(session)
    found = [p for p in profiles if p.model == name and version in {None, p.version}]
    if not found and version is None and "@" in name:
        model, _, version = name.rpartition("@")
        found = [p for p in profiles if (p.model, p.version) == (model, version)]
    if len(found) == 1:
        return found[0]
    if found:
        versions = ", ".join(p.version for p in found)
        raise CommandError(
            f"model {name!r} has references of versions {versions}; say which, such as "
            f"{name}@{found[-1].version}",
            USAGE,
        )
    raise CommandError(
        f"there is no reference {name!r}, neither as a file nor announced; "
        "`tidegauge reference list` shows what is announced"
    )


def load(file: Path) -> ReferenceProfile:
    """Read a profile from a file.

    Raises:
        CommandError: It can't be read, or is none.
    """
    try:
        return decode_reference(file.read_bytes())
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}", USAGE) from None
    except InvalidRecord as problem:
        raise CommandError(f"{file} is no reference profile: {problem}") from None


def publish(session: Session, profile: ReferenceProfile) -> None:
    """Announce a profile; returns once the cluster has it.

    Raises:
        CommandError: It has not.
    """
    topic = session.settings.kafka.topic_names.references
    require_topic(session.connection, topic)
    key, value = encode_reference(profile)
    with kafka_errors(session.connection), open_producer(session) as sender:
        partition = partition_for(key, len(sender.partitions_for(topic)))
        sender.send(topic, key=key, value=value, partition=partition).get()


def in_effect_from(session: Session, model: str, given: int | None) -> int:
    """The pane from which a new profile is to be in effect, in ms of event time.

    By default, that is the first pane a minute after the newest prediction of the model, or 0, at
    once, for a model without recent predictions.

    Args:
        session: the cluster and the settings.
        model: the model.
        given: what a person asked for, in ms.
    """
    if given is None:
        newest = newest_prediction(session, model)
        if newest is None:
            return 0
        given = newest + _MARGIN_MS
    width = session.settings.core().panes[0].width_ms
    return pane_start(given + width - 1, width)


def newest_prediction(session: Session, model: str) -> int | None:
    """The largest event time of a model at the end of the log, in ms; None without predictions."""
    topic = session.settings.kafka.topic_names.predictions
    require_topic(session.connection, topic)
    future = session.settings.core().model(model).max_future_ms
    newest: int | None = None
    with kafka_errors(session.connection), open_consumer(session.connection) as client:
        places = places_of(client, topic)
        client.assign(places)
        begins, ends = client.beginning_offsets(places), client.end_offsets(places)
        for place in places:
            client.seek(place, max(begins[place], ends[place] - _TAIL))
        for record in until_ends(client, ends):
            time = event_time(record.value, model)
            if time is not None and time <= record.timestamp + future:
                newest = time if newest is None else max(newest, time)
    return newest


def places_of(client: KafkaConsumer, topic: str) -> list[TopicPartition]:
    """All partitions of a topic, in order."""
    return [TopicPartition(topic, p) for p in sorted(client.partitions_for_topic(topic) or ())]


def until_ends(client: KafkaConsumer, ends: dict[TopicPartition, int]) -> Iterator[KafkaConsumer]:
    """The records of the assigned partitions up to where they end."""
    while any(client.position(place) < end for place, end in ends.items()):
        for records in client.poll(timeout_ms=_POLL_MS).values():
            yield from records


def effect(profile: ReferenceProfile) -> str:
    """From when a profile is in effect, in words."""
    if not profile.effective_from:
        return "the next pane on"
    return f"{rfc3339(profile.effective_from)} on, in event time"
