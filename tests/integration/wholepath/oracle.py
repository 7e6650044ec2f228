"""The ledgers that must come out, worked out from the input logs alone and in the plainest way.

Nothing of the product is used but the names of states. All requests are gathered first and judged
at the end, when every horizon has passed.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord
from wholepath.badinput import MODEL, REASON

HOUR = 3_600_000
LATENESS = 12 * HOUR
LABEL_HORIZON = 4 * HOUR
CORRECTION_HORIZON = 6 * HOUR
ORPHAN_HORIZON = 2 * HOUR
UNKNOWN = "__unknown__"
Event = dict[str, Any]


class Oracle:
    """Judges the records of both input topics.

    Args:
        predictions: all records of the topic, each partition in the order of its log.
        feedback: likewise.
        closing: request ids that start so have come last and are still held.
    """

    def __init__(
        self,
        predictions: Iterable[ConsumerRecord],
        feedback: Iterable[ConsumerRecord],
        closing: str = "close-",
    ) -> None:
        self._closing = closing
        self._states: Counter[tuple[str, str, str]] = Counter()
        self.letters: dict[tuple[str, int, int], str] = {}
        self.windows: Counter[tuple[str, str]] = Counter()
        """Predictions accepted, by model and version."""
        self._answers: dict[str, dict[tuple[str, str], Event]] = defaultdict(dict)
        self._lines: dict[str, dict[str | None, dict[int, Event]]] = defaultdict(dict)
        self._take_predictions(predictions)
        self._take_feedback(feedback)
        for request in self._answers.keys() | self._lines.keys():
            self._judge(request)

    def ledgers(self) -> dict[str, dict[str, Any]]:
        """By model, as `wholepath.outcome.Outcome.ledgers` gives them."""
        found: dict[str, dict[str, Any]] = {}
        for (model, side, state), count in self._states.items():
            empty: dict[str, Any] = {"predictions": {}, "feedback": {}, "labels": 0}
            ledger = found.setdefault(model, empty)
            ledger[side][state] = count
            ledger[side]["read"] = ledger[side].get("read", 0) + count
        for ledger in found.values():
            ledger["labels"] = ledger["predictions"].get("labelled", 0)
        return found

    def _count(self, model: str, side: str, state: str) -> None:
        self._states[model, side, state] += 1

    def _refuse(self, record: ConsumerRecord, reason: str) -> None:
        self.letters[record.topic, record.partition, record.offset] = reason

    def _is_refused(self, record: ConsumerRecord, side: str) -> bool:
        headers = dict(record.headers)
        if REASON not in headers:
            return False
        reason = headers[REASON].decode()
        model = headers.get(MODEL, UNKNOWN.encode()).decode()
        self._count(model, side, "invalid")
        self._refuse(record, reason)
        return True

    def _take_predictions(self, records: Iterable[ConsumerRecord]) -> None:
        newest: dict[tuple[str, int], int] = {}
        for record in records:
            if self._is_refused(record, "predictions"):
                continue
            event = json.loads(record.value)
            event["at"] = milliseconds(event["timestamp"])
            clock = (event["model"], record.partition)
            if event["at"] < newest.get(clock, event["at"]) - LATENESS:
                self._count(event["model"], "predictions", "late")
                continue
            newest[clock] = max(newest.get(clock, event["at"]), event["at"])
            identity = (event["model"], event["version"])
            known = self._answers[event["request_id"]].setdefault(identity, event)
            if known is event:
                self.windows[identity] += 1
            else:
                self._repeated(record, event["model"], "predictions", known == event)

    def _repeated(self, record: ConsumerRecord, model: str, side: str, same: bool) -> None:
        self._count(model, side, "duplicate" if same else "conflict")
        if not same:
            self._refuse(record, f"conflict_{side.rstrip('s')}")

    def _take_feedback(self, records: Iterable[ConsumerRecord]) -> None:
        for record in records:
            if self._is_refused(record, "feedback"):
                continue
            event = json.loads(record.value)
            event["at"] = milliseconds(event["timestamp"])
            model = event.get("model")
            line = self._lines[event["request_id"]].setdefault(model, {})
            known = line.setdefault(event["revision"], event)
            if known is not event:
                home = model or self._owner(event["request_id"])
                self._repeated(record, home, "feedback", known == event)

    def _owner(self, request: str) -> str:
        return min((model for model, _ in self._answers.get(request, ())), default=UNKNOWN)

    def _judge(self, request: str) -> None:
        answers, lines = self._answers.get(request, {}), self._lines.get(request, {})
        joined: set[int] = set()
        late: set[int] = set()
        held = request.startswith(self._closing)
        for (model, _), answer in answers.items():
            label = None
            for line in (lines.get(model, {}), lines.get(None, {})):
                for revision, event in sorted(line.items(), reverse=True):
                    delay = event["at"] - answer["at"]
                    horizon = CORRECTION_HORIZON if revision else LABEL_HORIZON
                    if -ORPHAN_HORIZON <= delay <= horizon:
                        label = label or event
                    elif horizon < delay <= CORRECTION_HORIZON + LATENESS:
                        late.add(id(event))
            if label is not None:
                joined.add(id(label))
            state = "labelled" if label else "open" if held else "unlabelled"
            self._count(model, "predictions", state)
        for model, line in lines.items():
            for revision, event in line.items():
                if id(event) in joined:
                    state = "joined"
                elif revision < max(line):
                    state = "superseded"
                elif id(event) in late:
                    state = "late"
                else:
                    state = "orphan_open" if held else "orphan_expired"
                self._count(model or self._owner(request), "feedback", state)


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
