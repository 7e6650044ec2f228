"""One request: what was answered and labelled, how unusual it is, what was open at its time."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kafka.errors import KafkaError

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.explain.attributed import AttributionOf, attributions_of
from tidegauge.core.explain.request import FeatureOf, Likes, features_of, segments_of
from tidegauge.core.records import MetricRecord
from tidegauge.core.stats.errorbins import ErrorBins
from tidegauge.kafka.admin import ClusterError
from tidegauge.kafka.client import Connection
from tidegauge.lookup.events import Events
from tidegauge.lookup.known import (
    alerts_at,
    baseline_of,
    bins_of,
    kind_of,
    reference_of,
    usual_window,
)
from tidegauge.lookup.logs import Logs, Progress, open_logs
from tidegauge.lookup.published import Topics
from tidegauge.lookup.retained import events, retained
from tidegauge.settings import Settings


class UnknownRequest(Exception):  # noqa: N818 - it says what the request is
    """Nothing is known of the request any more; the message says what to do."""


class Answer(NamedTuple):
    """One model version's answer to the request, explained."""

    event: Prediction
    labels: Sequence[Feedback]
    features: Sequence[FeatureOf]
    """The most unusual first."""
    segments: Mapping[tuple[str, str], Likes]
    """How often others like it were wrong, by segment field and value."""
    alerts: Sequence[AlertRecord]
    """Those open at its time."""
    attributions: Sequence[AttributionOf] = ()
    """What moved the answer, the most first."""
    usual: MetricRecord | None = None
    """The window that says what moves answers usually."""


class Story(NamedTuple):
    """All that is known of a request."""

    answers: Sequence[Answer]
    labels: Sequence[Feedback]
    """Of any answer, also where none can be read."""
    gone: Sequence[str]
    """What retention has removed, in words."""


def look_up(
    settings: Settings,
    request_id: str,
    at_ms: int | None = None,
    progress: Progress = lambda _: None,
) -> Story:
    """Read what is known of a request; it takes as long as the topics need to be read.

    Args:
        settings: The cluster, and how requests are placed and kept.
        request_id: The request.
        at_ms: About when it was published: topics are searched near it only.
        progress: Told how far a search has come.

    Raises:
        ClusterError: The cluster can't be reached or refuses.
        UnknownRequest: There is nothing to be told.
    """
    connection = Connection.of(settings.kafka)
    try:
        with open_logs(connection) as logs:
            found = _find(settings, logs, request_id, at_ms, progress)
            answers = [_answer(settings, logs, event, found) for event in found.predictions]
    except KafkaError as error:
        raise ClusterError(f"the Kafka cluster {connection.bootstrap} failed: {error}") from error
    return Story(answers, found.feedback, found.gone)


def _find(
    settings: Settings, logs: Logs, request_id: str, at_ms: int | None, progress: Progress
) -> Events:
    topics = Topics(settings, logs, request_id, progress)
    if at_ms is None:
        known = retained(settings, logs, request_id, progress)
        if known is not None:
            return events(settings, logs, request_id, known)
        found = topics.anywhere()
    else:
        found = topics.near(at_ms)
    if not (found.predictions or found.feedback):
        when = "" if at_ms is None else " within half an hour of then"
        raise UnknownRequest(
            f"no event of request {request_id!r} was published{when}: {topics.kept_since()}"
        )
    return found


def _answer(settings: Settings, logs: Logs, event: Prediction, found: Events) -> Answer:
    kind = kind_of(settings, event)
    profile = reference_of(settings, logs, event)
    baseline = baseline_of(settings, logs, event.model)
    bins = ErrorBins() if profile is None else bins_of(baseline, profile)
    usual = usual_window(settings, logs, event)
    return Answer(
        event,
        [label for label in found.feedback if label.model in (None, event.model)],
        features_of(event, profile, bins, kind),
        segments_of(event, baseline, kind),
        alerts_at(settings, logs, event.model, round(event.timestamp.timestamp() * 1000)),
        attributions_of(event, None if usual is None else usual.attributions),
        usual,
    )
