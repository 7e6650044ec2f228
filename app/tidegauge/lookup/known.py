"""What Tidegauge knew when a request was answered: errors of others like it, references, alerts."""

from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition

from tidegauge.core.config import ModelKind
from tidegauge.core.events import Prediction
from tidegauge.core.partitioner import partition_for
from tidegauge.core.records import AlertRecord, AlertStatus
from tidegauge.core.stats.errorbins import ErrorBins
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.lookup import logs
from tidegauge.settings import Settings
from tidegauge.wire.alerts import decode_alert
from tidegauge.wire.public import InvalidRecord
from tidegauge.wire.references import decode_reference

Baseline = dict[tuple[str, str, str], FirstLabels]
"""First labels from which the error detectors learned, by version, segment field and value."""


def baseline_of(settings: Settings, client: KafkaConsumer, model: str) -> Baseline:
    """The baseline of a model's errors, as the state of monitor has it."""
    topic = settings.kafka.topic_names.monitor_state
    partitions = len(client.partitions_for_topic(topic) or ())
    place = TopicPartition(topic, partition_for(model.encode(), partitions))
    begin, end = client.beginning_offsets([place])[place], client.end_offsets([place])[place]
    prefix = _prefix(["baseline", model])
    found: dict[bytes, bytes | None] = {}
    for record in logs.between(client, place, begin, end):
        if record.key is not None and record.key[1 : 1 + len(prefix)] == prefix:
            found[record.key] = record.value
    baseline: Baseline = {}
    for key, value in found.items():
        if value is not None:
            _, _, version, field, segment = msgspec.msgpack.decode(key)
            baseline[version, field, segment] = FirstLabels.from_wire(msgspec.msgpack.decode(value))
    return baseline


def _prefix(parts: list[str]) -> bytes:
    """How a state key of these parts goes on after the length of its list."""
    return b"".join(map(msgspec.msgpack.encode, parts))


def bins_of(baseline: Baseline, profile: ReferenceProfile) -> ErrorBins:
    """First labels by cell of a reference."""
    first = baseline.get((profile.version, "", ""))
    return ErrorBins() if first is None else first.bins.get(profile.id, ErrorBins())


def reference_of(
    settings: Settings, client: KafkaConsumer, event: Prediction
) -> ReferenceProfile | None:
    """The newest reference of a request's model version."""
    newest: dict[bytes, ReferenceProfile | None] = {}
    for record in logs.everything(client, settings.kafka.topic_names.references):
        try:
            newest[record.key] = None if record.value is None else decode_reference(record.value)
        except InvalidRecord:
            continue
    known = (event.model, event.version)
    found = (p for p in newest.values() if p is not None and (p.model, p.version) == known)
    return next(found, None)


def alerts_at(
    settings: Settings, client: KafkaConsumer, model: str, time_ms: int
) -> list[AlertRecord]:
    """The alerts of a model that were open at an event time, the newest record of each."""
    lives: dict[tuple[str, int], AlertRecord] = {}
    for record in logs.everything(client, settings.kafka.topic_names.alerts):
        try:
            alert = decode_alert(record.value or b"", record.headers)
        except InvalidRecord:
            continue
        if alert.model == model:
            lives[alert.fingerprint, alert.starts_at_ms] = alert
    return [
        alert
        for alert in lives.values()
        if alert.starts_at_ms <= time_ms
        and (alert.ends_at_ms is None or time_ms <= alert.ends_at_ms)
        and alert.status is not AlertStatus.RETRACTED
    ]


def kind_of(settings: Settings, event: Prediction) -> ModelKind:
    """How a model's errors are read: as it is configured, else as the answer tells."""
    configured = settings.core().model(event.model).kind
    if configured is not None:
        return configured
    fraction: Any = isinstance(event.prediction, float)
    return ModelKind.REGRESSION if fraction else ModelKind.MULTICLASS
