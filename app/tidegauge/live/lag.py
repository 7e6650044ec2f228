"""How far the workers are behind, as any lag tool sees it: by their group's committed offsets."""

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import (
    AuthorizationError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)

from tidegauge.settings.kafka import KafkaSettings

_ANSWER_MS = 10_000


def unread_events(
    admin: KafkaAdminClient, consumer: KafkaConsumer, settings: KafkaSettings
) -> int | None:
    """Predictions and feedback that were published and not read yet.

    None if asking is forbidden, or where the group has nobody yet who knows of it, as on a new
    cluster or while its coordinator moves.

    Raises:
        KafkaError: The cluster does not answer.
    """
    names = settings.topic_names
    places = [
        TopicPartition(topic, partition)
        for topic in (names.predictions, names.feedback)
        for partition in consumer.partitions_for_topic(topic) or ()
    ]
    if not places:
        return None
    try:
        committed = admin.list_group_offsets({settings.group: places})[settings.group]
        ends = consumer.end_offsets(places, timeout_ms=_ANSWER_MS)
        begins = consumer.beginning_offsets(places, timeout_ms=_ANSWER_MS)
    except (AuthorizationError, CoordinatorNotAvailableError, NotCoordinatorError):
        return None
    read = {place: offset.offset for place, offset in committed.items()}
    unread: int = sum(max(0, ends[p] - max(begins[p], read.get(p, 0))) for p in places)
    return unread
