"""``tidegauge reference pin``: a past period of the predictions topic becomes the reference."""

from typing import Annotated

import typer
from kafka import KafkaConsumer, TopicPartition

from tidegauge.cli import console
from tidegauge.cli.cluster import kafka_errors, require_topic
from tidegauge.cli.exits import USAGE, CommandError
from tidegauge.cli.options import moment
from tidegauge.cli.reference.build import EffectiveFrom, Output, finish
from tidegauge.cli.reference.progress import progress
from tidegauge.cli.reference.store import places_of
from tidegauge.cli.session import session_of
from tidegauge.core.stats.reference import Origin
from tidegauge.dataset.period import Period, event_time
from tidegauge.dataset.sample import sample_profile
from tidegauge.kafka.consumer import open_consumer
from tidegauge.wire.public import rfc3339

PIN = """Make a reference profile of a past period of the predictions topic, and announce it.

The raw predictions are read again, as far as the topic still has them, and counted as a worker \
counts them; a sample of reference.sample_size is kept, chosen by hash of the request id. When \
retention has removed a part of the period, that is said, and the rest is taken; the profile \
states the period that it is of.

\b
Examples:
  tidegauge reference pin fraud --from 2026-01-05T00:00:00Z --until 2026-01-12T00:00:00Z
  tidegauge reference pin fraud --version 6 --from 2026-01-05T00:00:00Z \
--until 2026-01-12T00:00:00Z --output fraud-6.json
"""

_POLL_MS = 500


def pin(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="The model.")],
    *,
    version: Annotated[
        str | None, typer.Option(help="Its version; needed when several answered in the period.")
    ] = None,
    start: Annotated[int, moment("--from", "Event time at which the period begins.")],
    until: Annotated[int, moment("--until", "Event time at which it ends, exclusive.")],
    effective_from: EffectiveFrom = None,
    output: Output = None,
) -> None:
    """Pin a period."""
    if start >= until:
        raise CommandError("--from must be before --until", USAGE)
    session = session_of(context)
    rules = session.settings.core().model(model)
    topic = session.settings.kafka.topic_names.predictions
    require_topic(session.connection, topic)
    with kafka_errors(session.connection), open_consumer(session.connection) as client:
        places = places_of(client, topic)
        kept_from = _kept_from(client, places, model)
        if kept_from is not None and kept_from > start:
            _tell_cut(kept_from, start, until)
            start = kept_from
        period = Period(
            model,
            version,
            rules,
            start=start,
            until=until,
        )
        _read(client, places, period, start - rules.max_future_ms)
    version = _only_version(period, model, start, until)
    sample = period.samples[version]
    profile = sample_profile(sample, model, version, rules)
    count = period.versions[version]
    console.output().print(f"{count:,} predictions, {len(sample.items):,} sampled")
    wanted = rules.reference.min_predictions
    if count < wanted:
        console.note(f"that is few: a worker learns from {wanted:,} (reference.min_predictions)")
    profile = profile.changed(origin=Origin.PINNED, learned_from=start, learned_until=until)
    finish(session, profile, effective_from, output)


def _tell_cut(kept_from: int, start: int, until: int) -> None:
    """Say that a part of the period is gone.

    Raises:
        CommandError: All of it is.
    """
    kept = f"the topic keeps no predictions from before {rfc3339(kept_from)} in every partition"
    if kept_from >= until:
        raise CommandError(
            f"retention has removed this period: {kept}; topics.retention says how long they are "
            "kept"
        )
    console.note(
        f"retention has removed a part of this period: {kept}; the reference is of the rest, and "
        f"nothing of {rfc3339(start)} to {rfc3339(kept_from)} is in it"
    )


def _kept_from(client: KafkaConsumer, places: list[TopicPartition], model: str) -> int | None:
    """The event time from which no partition lacks predictions; None: nothing was removed.

    What a partition has lost was appended before its first record. As event time, that is the
    append time, or the time of the first prediction of the model if that is earlier: then old
    events are replayed.
    """
    begins = client.beginning_offsets(places)
    cut = [place for place in places if begins[place] > 0]
    if not cut:
        return None
    ends = client.end_offsets(cut)
    client.assign(cut)
    client.seek_to_beginning(*cut)
    edges: dict[TopicPartition, int] = {}
    waiting = {place for place in cut if begins[place] < ends[place]}
    while waiting:
        for place, records in client.poll(timeout_ms=_POLL_MS).items():
            if place in waiting:
                times = [event_time(record.value, model) for record in records]
                first = next((time for time in times if time is not None), None)
                append = records[0].timestamp
                edges[place] = append if first is None else min(append, first)
        for place in list(waiting):
            # what is left may be transaction markers alone
            if place in edges or client.position(place) >= ends[place]:
                waiting.discard(place)
                client.pause(place)
    client.resume(*cut)
    empty = [place.partition for place in cut if place not in edges]
    if empty:
        raise CommandError(
            f"retention has removed all predictions of partitions {', '.join(map(str, empty))}: "
            "what is left is no fair sample of any period"
        )
    return max(edges.values())


def _read(
    client: KafkaConsumer, places: list[TopicPartition], period: Period, earliest: int
) -> None:
    """Give ``period`` all records that can be in it: those appended at ``earliest`` ms or later."""
    found = client.offsets_for_times(dict.fromkeys(places, max(earliest, 0)))
    starts = {place: found[place].offset for place in places if found.get(place) is not None}
    if not starts:
        return
    ends = client.end_offsets(list(starts))
    client.assign(list(starts))
    for place, offset in starts.items():
        client.seek(place, offset)
    reading = {place for place in starts if starts[place] < ends[place]}
    total = sum(ends[place] - starts[place] for place in reading)
    with progress("predictions", total) as advance:
        while reading:
            for place, records in client.poll(timeout_ms=_POLL_MS).items():
                for record in records:
                    period.take(place.partition, record.value, record.timestamp)
                advance(len(records))
            for place in list(reading):
                if client.position(place) >= ends[place] or period.passed(place.partition):
                    reading.discard(place)
                    client.pause(place)


def _only_version(period: Period, model: str, start: int, until: int) -> str:
    """The one version of the period.

    Raises:
        CommandError: There is none, or more than one.
    """
    if len(period.versions) == 1:
        return next(iter(period.versions))
    span = f"from {rfc3339(start)} until {rfc3339(until)}"
    if not period.versions:
        raise CommandError(f"the topic has no predictions of model {model!r} {span}")
    counts = ", ".join(f"{version} ({n:,})" for version, n in period.versions.most_common())
    raise CommandError(
        f"several versions of model {model!r} answered {span}: {counts}; say which by --version",
        USAGE,
    )
