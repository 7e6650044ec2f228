"""The events of a request that is no longer retained, or never was read: searched in the topics.

They are looked for where the request is joined, then among what was forwarded there, and then
wherever else they may have been published.
"""

from collections.abc import Iterable, Iterator

from tidegauge.core.config import HOUR, MINUTE, SECOND
from tidegauge.core.events import Prediction
from tidegauge.lookup.events import FEEDBACK, PREDICTION, Event, Events, Kind, Published, sought
from tidegauge.lookup.logs import Logs, Progress, Span
from tidegauge.lookup.retained import home
from tidegauge.settings import Settings
from tidegauge.wire.public import rfc3339

AROUND_MS = (10 * SECOND, 2 * MINUTE, HOUR // 2)
"""How far from a stated time a prediction is looked for, one after the other."""
_TOGETHER_MS = 10 * SECOND
"""Within which several versions answer one request."""

_FIRST = 1_000
"""Offsets among which the oldest record is: those of ends of transactions hold none."""


class Topics:
    """The topics, searched for one request.

    Args:
        settings: How requests are placed.
        logs: The logs of the cluster.
        request_id: The request.
        progress: Told how far a search has come.
    """

    def __init__(self, settings: Settings, logs: Logs, request_id: str, progress: Progress) -> None:
        self._names = settings.kafka.topic_names
        self._logs = logs
        self._id = request_id
        self._sought = sought(request_id)
        self._progress = progress
        self._home = home(settings, logs, self._names.predictions, request_id)

    def anywhere(self) -> Events:
        """All that the topics have; of predictions the newest."""
        answers = self._search(PREDICTION, self._places(PREDICTION), all_of_it=False)
        if answers:
            answers = self._around(answers[-1].append_ms, _TOGETHER_MS) or answers
        return self._with_labels(answers)

    def near(self, at_ms: int) -> Events:
        """What was answered near a time, in a short time around it first, and its labels."""
        for around_ms in AROUND_MS:
            answers = self._around(at_ms, around_ms)
            if answers:
                return self._with_labels(answers)
        spans = self._spans(FEEDBACK, at_ms, AROUND_MS[-1])
        return Events([], [one.event for one in self._search(FEEDBACK, spans)], [])

    def kept_since(self) -> str:
        """What retention has removed of the predictions at the request's home, in words."""
        own = self._logs.whole(self._names.predictions, self._home)
        if not own.start:
            return "retention has removed no prediction so far"
        first = own._replace(end=min(own.end, own.start + _FIRST))
        oldest = self._logs.read(first).records
        if not oldest:
            return "retention has removed all predictions"
        return f"retention has removed all predictions before {rfc3339(oldest[0].timestamp)}"

    def _around(self, at_ms: int, around_ms: int) -> list[Published[Prediction]]:
        return self._search(PREDICTION, self._spans(PREDICTION, at_ms, around_ms))

    def _with_labels(self, answers: list[Published[Prediction]]) -> Events:
        """Answers with their labels, which come after them, but for a few."""
        spans = self._places(FEEDBACK, answers[0].append_ms - HOUR if answers else None)
        labels = self._search(FEEDBACK, spans)
        return Events([one.event for one in answers], [one.event for one in labels], [])

    def _places(self, kind: Kind[Event], after_ms: int | None = None) -> Iterator[Span]:
        """Where events may be, one place after the other; at home first what came later."""
        topic = kind.topic(self._names)

        def later(span: Span) -> Span:
            return span if after_ms is None else self._logs.since(span, after_ms)

        own = self._logs.whole(topic, self._home)
        first = later(own)
        yield first
        yield own._replace(end=first.start)
        yield self._logs.whole(self._names.forwarded, self._home)
        for partition in self._others(kind):
            yield later(self._logs.whole(topic, partition))

    def _spans(self, kind: Kind[Event], at_ms: int, around_ms: int) -> Iterator[Span]:
        """What was appended around a time, where the request is joined first."""
        times = at_ms - around_ms, at_ms + around_ms
        for partition in (self._home, *self._others(kind)):
            yield self._logs.between(kind.topic(self._names), partition, times)

    def _others(self, kind: Kind[Event]) -> list[int]:
        return [p for p in self._logs.partitions(kind.topic(self._names)) if p != self._home]

    def _search(
        self, kind: Kind[Event], spans: Iterable[Span], *, all_of_it: bool = True
    ) -> list[Published[Event]]:
        """The events in the first span that has any; or those of its newest chunk that has."""
        for span in spans:
            sent = span.topic == self._names.forwarded
            found: list[Published[Event]] = []
            for records in self._logs.back(span, self._sought, self._progress):
                found += (kind.forwarded if sent else kind.of)(records, self._id)
                if found and not all_of_it:
                    break
            if found:
                return sorted(found, key=lambda one: one.append_ms)
        return []
