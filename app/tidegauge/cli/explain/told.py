"""An explained request in lines for people, and as an object for programs."""

from typing import Any

from rich.text import Text

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.explain.attributed import AttributionOf
from tidegauge.core.explain.request import FeatureOf, Likes
from tidegauge.live import words
from tidegauge.lookup.request import Answer
from tidegauge.wire.plain import plain
from tidegauge.wire.public import rfc3339

_RARE = 0.01
"""Share of the reference below which a value is marked."""


def answer_lines(answer: Answer) -> list[Text]:
    """A request in lines."""
    event, labels, features, segments, alerts, *_ = answer
    score = "" if event.score is None else f", score {event.score:.4g}"
    lines = [
        Text(plain(f"{event.request_id}  {event.model} {event.version}"), style="bold"),
        Text(f"answered {plain(str(event.prediction))}{score} at {event.timestamp.isoformat()}"),
    ]
    lines += [_label(event, label) for label in labels] or [Text("no label yet")]
    running = {"code": event.code_version, "data": event.data_version}
    told = ", ".join(f"{name} {value}" for name, value in running.items() if value)
    lines += [Text(plain(told))] if told else []
    if segments:
        lines.append(Text("normally wrong", style="bold"))
        lines += [
            Text(f"  {plain(f'{field} {value}' if field else f'version {event.version}')}: ")
            + Text(_likes(likes))
            for (field, value), likes in segments.items()
        ]
    lines.append(Text("features, the most unusual first", style="bold"))
    lines += [_feature(feature) for feature in features]
    lines += _moved(answer)
    lines.append(Text("alerts open at that time" if alerts else "no alert was open", style="bold"))
    lines += [Text(f"  {plain(_alert(alert))}") for alert in alerts]
    return lines


def _label(event: Prediction, label: Feedback) -> Text:
    delay = (label.timestamp - event.timestamp).total_seconds()
    revision = f", revision {label.revision}" if label.revision else ""
    return Text(plain(f"label {label.label}, {delay:,.0f} s later{revision}"))


def _feature(feature: FeatureOf) -> Text:
    parts = [f"  {feature.name} {feature.value}"]
    if feature.bin is None:
        parts.append("not in the reference")
    else:
        parts.append(f"bin {feature.bin}")
    if feature.share is not None:
        parts.append(f"{feature.share:.1%} of the reference")
    if feature.percentile is not None:
        low, high = feature.percentile
        parts.append(f"percentile {low * 100:.0f} to {high * 100:.0f}")
    if feature.likes is not None:
        parts.append(f"normally wrong: {_likes(feature.likes)}")
    rare = feature.share is not None and feature.share < _RARE
    return Text(plain(", ".join(parts)), style="yellow" if rare else "")


def _moved(answer: Answer) -> list[Text]:
    """What moved the answer, beside what usually does."""
    if not answer.attributions:
        return []
    usual = answer.usual
    window = "" if usual is None else f"; usually: {words.span(usual.start_ms, usual.end_ms)}"
    head = Text(f"what moved the answer, the most first{window}", style="bold")
    return [head, *map(_attribution, answer.attributions)]


def _attribution(moved: AttributionOf) -> Text:
    parts = [f"  {moved.name} {moved.attribution:+.4g}"]
    if moved.share is not None:
        parts.append(f"{moved.share:.1%} of the answer")
    if moved.usual_absolute is not None:
        parts.append(f"usually {moved.usual_absolute:.4g}")
    for name, share in (
        ("of the answers", moved.usual_share),
        ("of right ones", moved.right_share),
        ("of wrong ones", moved.wrong_share),
    ):
        if share is not None:
            parts.append(f"{share:.1%} {name}")
    return Text(plain(", ".join(parts)))


def _likes(likes: Likes) -> str:
    return "unknown" if likes.error is None else f"{likes.error:.4g} of {likes.labels:,} labels"


def _alert(alert: AlertRecord) -> str:
    summary = alert.annotations.get("summary", "")
    return (
        f"{alert.labels.get('alertname', 'alert')} since {rfc3339(alert.starts_at_ms)}: {summary}"
    )


def answer_object(answer: Answer) -> dict[str, Any]:
    """A request as an object of plain values."""
    event, labels, features, segments, alerts, *_ = answer
    return {
        "request_id": event.request_id,
        "model": event.model,
        "version": event.version,
        "code_version": event.code_version,
        "data_version": event.data_version,
        "timestamp": event.timestamp.isoformat(),
        "prediction": event.prediction,
        "score": event.score,
        "labels": [
            {"label": f.label, "timestamp": f.timestamp.isoformat(), "revision": f.revision}
            for f in labels
        ],
        "normal_errors": [
            {"segment_field": field or None, "segment_value": value or None, **likes._asdict()}
            for (field, value), likes in segments.items()
        ],
        "features": [
            feature._asdict() | {"likes": feature.likes and feature.likes._asdict()}
            for feature in features
        ],
        "attributions": {
            "usual_from": answer.usual and rfc3339(answer.usual.start_ms),
            "usual_until": answer.usual and rfc3339(answer.usual.end_ms),
            "features": [moved._asdict() for moved in answer.attributions],
        },
        "alerts": [
            {
                "fingerprint": a.fingerprint,
                "labels": a.labels,
                "incident": a.incident and a.incident.id,
            }
            for a in alerts
        ],
    }
