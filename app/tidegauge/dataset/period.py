"""The predictions of a past period, from the raw log, as the collect stage would have counted them.

What a worker refuses or finds late is no part of the sample either; of a request id the first
answer counts. So a pinned profile is one that a worker would have learned from the same
predictions.
"""

from collections import Counter

from tidegauge.core.config import ModelConfig
from tidegauge.dataset.sample import Sample, sample_row
from tidegauge.wire.events import InvalidEvent, decode_prediction

MAX_VERSIONS = 100
"""Versions of a model that are told apart."""


def event_time(value: bytes | None, model: str) -> int | None:
    """The event time of a prediction of ``model``, ms; None for any other record."""
    try:
        event = decode_prediction(value)
    except InvalidEvent:
        return None
    return round(event.timestamp.timestamp() * 1000) if event.model == model else None


class Period:
    """Samples the predictions of one model from the partitions of the log, each read in order.

    Args:
        model: the model.
        version: its version; None: all, each by itself.
        rules: the model's rules.
        start: start of the period in event time, ms.
        until: its end, exclusive.
    """

    def __init__(
        self,
        model: str,
        version: str | None,
        rules: ModelConfig,
        *,
        start: int,
        until: int,
    ) -> None:
        self._model = model
        self._version = version
        self._rules = rules
        self._start = start
        self._until = until
        self._newest: dict[int, int] = {}
        self.samples: dict[str, Sample] = {}
        """By version."""
        self.versions: Counter[str] = Counter()
        """Predictions in the period, by version."""

    def take(self, partition: int, value: bytes | None, append: int) -> None:
        """Take the next record of a partition, with its append time in ms."""
        try:
            event = decode_prediction(value)
        except InvalidEvent:
            return
        time = round(event.timestamp.timestamp() * 1000)
        if event.model != self._model:
            return
        newest = self._newest.get(partition, time)
        if time > append + self._rules.max_future_ms or time < newest - self._rules.lateness_ms:
            return
        self._newest[partition] = max(newest, time)
        if self._version not in {None, event.version} or not self._start <= time < self._until:
            return
        if event.version not in self.samples and len(self.samples) >= MAX_VERSIONS:
            return
        self.versions[event.version] += 1
        size = self._rules.reference.sample_size
        sample = self.samples.setdefault(event.version, Sample(size))
        row = sample_row(
            event.request_id.encode(),
            time,
            event.version,
            answer=event.prediction,
            score=event.score,
            features=event.features,
            probabilities=event.probabilities,
            rules=self._rules,
        )
        sample.add(row.hash, row)

    def passed(self, partition: int) -> bool:
        """Whether all that a worker would still count in this partition is after the period."""
        newest = self._newest.get(partition)
        return newest is not None and newest - self._rules.lateness_ms >= self._until
