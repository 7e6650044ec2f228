"""The alerts topic: CloudEvents 1.0 in Kafka's binary content mode.

The attributes are headers named ``ce_`` and the attribute, the value is the data as JSON. See the
CloudEvents "Kafka Protocol Binding", version 1.0.2, section 3.2.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.wire.public import (
    InvalidRecord,
    decode_object,
    encode_json,
    from_public,
    rfc3339,
)

TYPE_PREFIX = "tidegauge.alert."
SOURCE_PREFIX = "/tidegauge/models/"
_ALERTMANAGER_NAMES = {
    "startsAt": "starts_at",
    "endsAt": "ends_at",
    "generatorURL": "generator_url",
}


class AlertMessage(NamedTuple):
    """One alert event as a Kafka record."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def encode_alert(record: AlertRecord) -> AlertMessage:
    """The Kafka record of an alert event, keyed by its fingerprint."""
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": record.id,
        "ce_source": SOURCE_PREFIX + quote(record.model, safe=""),
        "ce_type": TYPE_PREFIX + record.status,
        "ce_time": rfc3339(record.time_ms),
        "ce_subject": record.fingerprint,
        "content-type": "application/json",
    }
    return AlertMessage(
        key=record.fingerprint.encode(),
        value=encode_json(_data(record)),
        headers=[(name, value.encode()) for name, value in attributes.items()],
    )


def decode_alert(value: bytes, headers: Iterable[tuple[str, bytes]]) -> AlertRecord:
    """Reads an alert event back; headers that others added are ignored.

    Raises:
        InvalidRecord: It is no alert event.
    """
    attributes = dict(headers)
    public = decode_object(value)
    try:
        window, samples = public.pop("window"), public.pop("samples")
        flat: dict[str, Any] = {
            _ALERTMANAGER_NAMES.get(name, name): part for name, part in public.items()
        } | {
            "id": attributes["ce_id"].decode(),
            "time": attributes["ce_time"].decode(),
            "window_start": window["start"],
            "window_end": window["end"],
            "predictions": samples["predictions"],
            "labelled": samples["labelled"],
        }
    except (KeyError, TypeError, UnicodeDecodeError) as error:
        raise InvalidRecord(f"not a CloudEvent with an alert: {error!r}") from None
    return from_public(flat, AlertRecord)


def cloud_event(value: bytes, headers: Iterable[tuple[str, bytes]]) -> bytes:
    """An alert event of the topic in CloudEvents' JSON format.

    Raises:
        InvalidRecord: It is no alert event.
    """
    attributes = {
        name.removeprefix("ce_"): value.decode("utf-8", "replace")
        for name, value in headers
        if name.startswith("ce_")
    }
    data = decode_object(value)
    return encode_json({**attributes, "datacontenttype": "application/json", "data": data})


def _data(record: AlertRecord) -> dict[str, Any]:
    return {
        "status": record.status,
        "labels": record.labels,
        "annotations": record.annotations,
        "startsAt": rfc3339(record.starts_at_ms),
        "endsAt": None if record.ends_at_ms is None else rfc3339(record.ends_at_ms),
        "generatorURL": record.generator_url,
        "fingerprint": record.fingerprint,
        "severity": record.severity,
        "model": record.model,
        "revision": record.revision,
        "detector": record.detector,
        "statistic": record.statistic,
        "threshold": record.threshold,
        "window": {"start": rfc3339(record.window_start_ms), "end": rfc3339(record.window_end_ms)},
        "samples": {"predictions": record.predictions, "labelled": record.labelled},
        "label_coverage": record.label_coverage,
        "versions": record.versions,
        "causes": record.causes,
        "splits": record.splits,
        "examples": record.examples,
        "attributions": record.attributions,
        "incident": record.incident,
        "retraining": record.retraining,
    }
