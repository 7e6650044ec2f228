"""The stages of one source partition and one partition of partials, as if live, without Kafka.

Records are appended a second after their event time. What the stages would write to their
changelogs is kept, so that a copy can go on from any commit as a restarted worker would.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

import msgspec
from aiokafka import ConsumerRecord

from chunks import FEEDBACK, PREDICTIONS
from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.config import SECOND, CoreConfig
from tidegauge.core.events import Feedback, Prediction
from tidegauge.demo.replay import Replayed
from tidegauge.wire.alerts import decode_alert
from tidegauge.worker.collect_stage import CollectStage, CollectTopics
from tidegauge.worker.monitor_stage import MonitorStage, MonitorTopics
from tidegauge.worker.stage import Chunk

APPEND_DELAY_MS = SECOND
PARTIALS, REFERENCES, ALERTS = "partials", "references", "alerts"
Log = dict[bytes, bytes]

_encode = msgspec.json.Encoder().encode


@dataclass
class Saved:
    """What the logs hold after a commit: both changelogs, references, and the ends of logs."""

    collect: Log = field(default_factory=dict)
    monitor: Log = field(default_factory=dict)
    references: Log = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Self:
        """One that does not change with this."""
        return type(self)(
            dict(self.collect), dict(self.monitor), dict(self.references), dict(self.ends)
        )


class TwoStages:
    """Both stages, from the start or from what was saved.

    Args:
        config: the rules.
        saved: where to go on from.
    """

    def __init__(self, config: CoreConfig, saved: Saved | None = None) -> None:
        topics = (PREDICTIONS, FEEDBACK, PARTIALS, REFERENCES, ALERTS, "metrics", "dead-letters")
        counts = dict.fromkeys(topics, 1)
        collect = CollectTopics(
            PREDICTIONS, FEEDBACK, "forwarded", PARTIALS, "dead-letters", counts
        )
        monitor = MonitorTopics(PREDICTIONS, PARTIALS, ALERTS, "metrics", REFERENCES, counts)
        self._collect = CollectStage(config, collect, 0, "murmur2")
        # figures of windows are not looked at: they are published only when they are final
        self._monitor = MonitorStage(config, monitor, 0, math.inf, lambda: 0.0)
        self.saved = Saved() if saved is None else saved
        for key, value in self.saved.collect.items():
            self._collect.restore(key, value)
        for key, value in self.saved.monitor.items():
            self._monitor.restore(key, value)
        self._collect.restored()
        self._monitor.restored()
        for key, value in self.saved.references.items():
            self._announce(key, value)

    def step(self, replayed: Iterable[Replayed], until_ms: int) -> list[AlertRecord]:
        """Read what was appended before ``until_ms``, commit, and return the alert events."""
        logs: dict[str, list[tuple[int, Prediction | Feedback]]] = {PREDICTIONS: [], FEEDBACK: []}
        for one in replayed:
            topic = FEEDBACK
            if isinstance(one.event, Prediction):
                topic = PREDICTIONS
                one.event.attributions = None  # no alert depends on them
            logs[topic].append((one.time_ms + APPEND_DELAY_MS, one.event))
        complete = until_ms + APPEND_DELAY_MS - 1
        for topic, events in logs.items():
            if events:
                self._collect.process(self._events(topic, events, complete))
        self._collect.tick(dict.fromkeys(logs, complete))
        collected = self._collect.snapshot()
        _keep(self.saved.collect, collected.state)
        partials = [output.value for output in collected.outputs if output.topic == PARTIALS]
        self._monitor.process(self._chunk(PARTIALS, [(complete, None, p) for p in partials], 0))
        monitored = self._monitor.snapshot()
        _keep(self.saved.monitor, monitored.state)
        alerts = []
        for output in monitored.outputs:
            if output.topic == ALERTS and output.value is not None:
                alerts.append(decode_alert(output.value, output.headers))
            elif output.topic == REFERENCES and output.key is not None:
                self.saved.references[output.key] = output.value or b""
                self._announce(output.key, output.value)
        return alerts

    def _announce(self, key: bytes, value: bytes | None) -> None:
        self._collect.broadcast(key, value)
        self._monitor.broadcast(key, value)

    def _events(
        self, topic: str, events: Sequence[tuple[int, Prediction | Feedback]], complete: int
    ) -> Chunk:
        records = [(append, e.request_id.encode(), _encode(e)) for append, e in events]
        return self._chunk(topic, records, complete)

    def _chunk(
        self, topic: str, records: Sequence[tuple[int, bytes | None, bytes | None]], complete: int
    ) -> Chunk:
        start = self.saved.ends.get(topic, 0)
        end = self.saved.ends[topic] = start + len(records)
        made = tuple(
            ConsumerRecord(topic, 0, start + at, append, 1, key, value, None, -1, -1, ())
            for at, (append, key, value) in enumerate(records)
        )
        return Chunk(topic, 0, start, end, end, complete, made)


def _keep(log: Log, state: Iterable[tuple[bytes, bytes | None]]) -> None:
    for key, value in state:
        if value is None:
            log.pop(key, None)
        else:
            log[key] = value
