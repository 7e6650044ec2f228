"""``tidegauge explain``: the command."""

import json
from typing import Annotated, Any

import typer
from rich.text import Text

from tidegauge.cli import console
from tidegauge.cli.cluster import kafka_errors, require_topic
from tidegauge.cli.exits import CommandError
from tidegauge.cli.explain.known import alerts_at, baseline_of, bins_of, kind_of, reference_of
from tidegauge.cli.explain.retained import Events, events, near, retained
from tidegauge.cli.explain.told import answer_lines, answer_object
from tidegauge.cli.options import AsJson, moment
from tidegauge.cli.reading import open_consumer
from tidegauge.cli.session import Session, session_of
from tidegauge.core.config import HOUR
from tidegauge.core.events import Prediction
from tidegauge.core.explain.request import features_of, segments_of
from tidegauge.core.stats.errorbins import ErrorBins

HELP = """Print all that is known of one request.

That is the prediction and its labels as they were published, how unusual each feature is against \
the reference, how often predictions like it were wrong while the error detectors learned what is \
normal, and the alerts that were open at its time.

Where the records lie is looked up in the state of the workers, which keeps a request as long as \
labels may come for it, from the newest on. For older requests say --at: then an hour around that \
time is searched in the topics.

\b
Examples:
  tidegauge explain UA1545-EWR-2013-01-01
  tidegauge explain UA1545-EWR-2013-01-01 --at 2026-02-01T12:00:00Z
  tidegauge explain UA1545-EWR-2013-01-01 --json | jq .features
"""

_AROUND_MS = HOUR // 2


def explain(
    context: typer.Context,
    request_id: Annotated[str, typer.Argument(help="The request id.")],
    *,
    at: Annotated[
        int | None, moment("--at", "When it was published, about, if it is no longer retained.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain one request."""
    session = session_of(context)
    require_topic(session.connection, session.settings.kafka.topic_names.collect_state)
    found = _find(session, request_id, at)
    for gone in found.gone:
        console.note(f"{gone} is gone: the topic's retention has passed; the rest is shown")
    if not found.predictions:
        _tell_labels(found)
        raise CommandError(f"the prediction of request {request_id!r} can't be read any more")
    for number, event in enumerate(found.predictions):
        if number and not as_json:
            console.output().print("")
        told = _explained(session, event, found)
        if as_json:
            console.output().print(json.dumps(told[0], ensure_ascii=False))
        else:
            console.output().print(Text("\n").join(told[1]))


def _find(session: Session, request_id: str, at: int | None) -> Events:
    with kafka_errors(session.connection), open_consumer(session.connection) as client:
        if at is not None:
            found = near(session, client, request_id, (at - _AROUND_MS, at + _AROUND_MS))
            if not (found.predictions or found.feedback):
                raise CommandError(
                    f"no event of request {request_id!r} was published within half an hour of "
                    "then, or retention has removed it"
                )
            return found
        known = retained(session, client, request_id)
        if known is None:
            raise CommandError(
                f"request {request_id!r} is not retained: it was never read, or labels can no "
                "longer come for it. Say by --at when it was published to search the topics"
            )
        return events(session, client, request_id, known)


def _tell_labels(found: Events) -> None:
    for label in found.feedback:
        console.output().print(f"label {label.label} at {label.timestamp.isoformat()}")


def _explained(
    session: Session, event: Prediction, found: Events
) -> tuple[dict[str, Any], list[Text]]:
    time = round(event.timestamp.timestamp() * 1000)
    kind = kind_of(session, event)
    profile = reference_of(session, event)
    with kafka_errors(session.connection), open_consumer(session.connection) as client:
        baseline = baseline_of(session, client, event.model)
    bins = ErrorBins() if profile is None else bins_of(baseline, profile)
    features = features_of(event, profile, bins, kind)
    segments = segments_of(event, baseline, kind)
    labels = [f for f in found.feedback if f.model in (None, event.model)]
    alerts = alerts_at(session, event.model, time)
    return (
        answer_object(event, labels, features, segments, alerts),
        answer_lines(event, labels, features, segments, alerts),
    )
