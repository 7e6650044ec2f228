"""What Tidegauge knew when a request was answered: errors of others like it, references, alerts."""

from typing import Any

import msgspec

from tidegauge.core.alertrecords import AlertRecord, AlertStatus
from tidegauge.core.config import ModelKind
from tidegauge.core.events import Prediction
from tidegauge.core.panes import pane_start
from tidegauge.core.partitioner import partition_for
from tidegauge.core.records import MetricRecord
from tidegauge.core.stats.errorbins import ErrorBins
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.lookup.logs import Logs
from tidegauge.settings import Settings
from tidegauge.wire.alerts import decode_alert
from tidegauge.wire.metrics import decode_metrics, window_key
from tidegauge.wire.public import InvalidRecord, encode_json
from tidegauge.wire.references import decode_reference

Baseline = dict[tuple[str, str, str], FirstLabels]
"""First labels from which the error detectors learned, by version, segment field and value."""


def baseline_of(settings: Settings, logs: Logs, model: str) -> Baseline:
    """The baseline of a model's errors, as the state of monitor has it."""
    topic = settings.kafka.topic_names.monitor_state
    partition = partition_for(model.encode(), len(logs.partitions(topic)))
    prefix = b"".join(map(msgspec.msgpack.encode, ("baseline", model)))
    found: dict[bytes, bytes | None] = {}
    for record in logs.read(logs.whole(topic, partition), [prefix]).records:
        # the length of the list comes before its first item
        if record.key is not None and record.key[1 : 1 + len(prefix)] == prefix:
            found[record.key] = record.value
    baseline: Baseline = {}
    for key, value in found.items():
        if value is not None:
            _, _, version, field, segment = msgspec.msgpack.decode(key)
            baseline[version, field, segment] = FirstLabels.from_wire(msgspec.msgpack.decode(value))
    return baseline


def bins_of(baseline: Baseline, profile: ReferenceProfile) -> ErrorBins:
    """First labels by cell of a reference."""
    first = baseline.get((profile.version, "", ""))
    return ErrorBins() if first is None else first.bins.get(profile.id, ErrorBins())


def reference_of(settings: Settings, logs: Logs, event: Prediction) -> ReferenceProfile | None:
    """The newest reference of a request's model version."""
    newest: dict[bytes, ReferenceProfile | None] = {}
    for record in logs.everything(settings.kafka.topic_names.references):
        try:
            newest[record.key] = None if record.value is None else decode_reference(record.value)
        except InvalidRecord:
            continue
    known = (event.model, event.version)
    found = (p for p in newest.values() if p is not None and (p.model, p.version) == known)
    return next(found, None)


def alerts_at(settings: Settings, logs: Logs, model: str, time_ms: int) -> list[AlertRecord]:
    """The alerts of a model that were open at an event time, the newest record of each."""
    lives: dict[tuple[str, int], AlertRecord] = {}
    for record in logs.everything(settings.kafka.topic_names.alerts, [encode_json(model)]):
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


def usual_window(settings: Settings, logs: Logs, event: Prediction) -> MetricRecord | None:
    """A window of a request's version that carries attributions, to compare its own with.

    The largest that holds the request; while none is published that does, that ended before it.
    """
    if not event.attributions:
        return None
    time_ms = round(event.timestamp.timestamp() * 1000)
    sizes = sorted(settings.core().windows_ms, reverse=True)
    starts = [(size, pane_start(time_ms, size) - back * size) for back in (0, 1) for size in sizes]
    series = event.model, event.version, "", ""
    keys = [window_key(series, size, start) for size, start in starts]
    newest = _newest(logs, settings.kafka.topic_names.metrics, keys)
    windows = (decode_metrics(newest[key]) for key in keys if key in newest)
    return next(
        (w for w in windows if isinstance(w, MetricRecord) and w.attributions is not None), None
    )


def _newest(logs: Logs, topic: str, keys: list[bytes]) -> dict[bytes, bytes]:
    """The newest values of some keys of a topic that is partitioned by key."""
    partitions = logs.partitions(topic)
    found: dict[bytes, bytes] = {}
    for partition in partitions:
        own = [key for key in keys if partition_for(key, len(partitions)) == partition]
        if own:
            records = logs.read(logs.whole(topic, partition), own).records
            found |= {record.key: record.value for record in records if record.key in own}
    return {key: value for key, value in found.items() if value is not None}


def kind_of(settings: Settings, event: Prediction) -> ModelKind:
    """How a model's errors are read: as it is configured, else as the answer tells."""
    configured = settings.core().model(event.model).kind
    if configured is not None:
        return configured
    fraction: Any = isinstance(event.prediction, float)
    return ModelKind.REGRESSION if fraction else ModelKind.MULTICLASS
