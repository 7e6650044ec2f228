"""One request: what was answered and labelled, how unusual it is, what was open at its time."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kafka import KafkaConsumer
from kafka.errors import KafkaError

from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.explain.request import FeatureOf, Likes, features_of, segments_of
from tidegauge.core.records import AlertRecord
from tidegauge.core.stats.errorbins import ErrorBins
from tidegauge.kafka.admin import ClusterError
from tidegauge.kafka.client import Connection
from tidegauge.kafka.consumer import open_consumer
from tidegauge.lookup.known import alerts_at, baseline_of, bins_of, kind_of, reference_of
from tidegauge.lookup.retained import Events, events, near, retained
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


class Story(NamedTuple):
    """All that is known of a request."""

    answers: Sequence[Answer]
    labels: Sequence[Feedback]
    """Of any answer, also where none can be read."""
    gone: Sequence[str]
    """What retention has removed, in words."""


def look_up(settings: Settings, request_id: str, at_ms: int | None = None) -> Story:
    """Read what is known of a request; it takes as long as the topics need to be read.

    Args:
        settings: The cluster, and how requests are placed and kept.
        request_id: The request.
        at_ms: About when it was published, for one that is no longer retained.

    Raises:
        ClusterError: The cluster can't be reached or refuses.
        UnknownRequest: There is nothing to be told.
    """
    connection = Connection.of(settings.kafka)
    try:
        with open_consumer(connection) as client:
            found = _find(settings, client, request_id, at_ms)
            answers = [_answer(settings, client, event, found) for event in found.predictions]
    except KafkaError as error:
        raise ClusterError(f"the Kafka cluster {connection.bootstrap} failed: {error}") from error
    return Story(answers, found.feedback, found.gone)


def _find(settings: Settings, client: KafkaConsumer, request_id: str, at_ms: int | None) -> Events:
    if at_ms is not None:
        found = near(settings, client, request_id, at_ms)
        if not (found.predictions or found.feedback):
            raise UnknownRequest(
                f"no event of request {request_id!r} was published within half an hour of "
                "then, or retention has removed it"
            )
        return found
    known = retained(settings, client, request_id)
    if known is None:
        raise UnknownRequest(
            f"request {request_id!r} is not retained: it was never read, or labels can no "
            "longer come for it"
        )
    return events(settings, client, request_id, known)


def _answer(settings: Settings, client: KafkaConsumer, event: Prediction, found: Events) -> Answer:
    kind = kind_of(settings, event)
    profile = reference_of(settings, client, event)
    baseline = baseline_of(settings, client, event.model)
    bins = ErrorBins() if profile is None else bins_of(baseline, profile)
    return Answer(
        event,
        [label for label in found.feedback if label.model in (None, event.model)],
        features_of(event, profile, bins, kind),
        segments_of(event, baseline, kind),
        alerts_at(settings, client, event.model, round(event.timestamp.timestamp() * 1000)),
    )
