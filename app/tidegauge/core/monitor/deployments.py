"""Deployments of one model: which version, code version and data version was seen first when.

Collect tells every combination of the three that it meets, with the smallest event time, and tells
it again each hour of event time (`tidegauge.core.collect.deployments`). A part of it that is new
becomes a *mark* once the pane of its first prediction is closed: from then on, no earlier one comes
within the disorder bound, so its time is the same for any partitions. A mark is never moved.

At the limit the combination that was told least recently is forgotten, and with the last
combination that holds a mark the mark: if it came back, it would be marked again.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tidegauge.core.panes import pane_start
from tidegauge.core.records import DeploymentKind, DeploymentRecord


class Combination(NamedTuple):
    """What ran together; code and data version are empty where publishers do not tell them."""

    version: str
    code: str
    data: str

    def parts(self) -> Iterator[tuple[DeploymentKind, str]]:
        """What can be new in it."""
        yield DeploymentKind.VERSION, self.version
        if self.code:
            yield DeploymentKind.CODE_VERSION, self.code
        if self.data:
            yield DeploymentKind.DATA_VERSION, self.data


class Deployments:
    """The combinations and marks of one model.

    Args:
        model: its name.
        limit: how many combinations are remembered.
        width: length of a finest pane in ms.
    """

    def __init__(self, model: str, limit: int, width: int) -> None:
        self._model = model
        self._limit = limit
        self._width = width
        self._seen: dict[Combination, list[int]] = {}
        """Smallest and largest event time told, in ms."""
        self._unmarked: set[Combination] = set()
        self.marks: dict[tuple[DeploymentKind, str], DeploymentRecord] = {}
        self.forgotten = 0
        self.changed = False

    def take(self, version: str, code: str, data: str, time: int) -> None:
        """A source partition met this combination at ``time`` (ms)."""
        combination = Combination(version, code, data)
        times = self._seen.setdefault(combination, [time, time])
        times[0], times[1] = min(times[0], time), max(times[1], time)
        if any(part not in self.marks for part in combination.parts()):
            self._unmarked.add(combination)
        if len(self._seen) > self._limit:
            self._forget()
        self.changed = True

    def _forget(self) -> None:
        oldest = min(self._seen, key=lambda combination: (self._seen[combination][1], combination))
        del self._seen[oldest]
        self._unmarked.discard(oldest)
        kept = {part for combination in self._seen for part in combination.parts()}
        self.marks = {part: mark for part, mark in self.marks.items() if part in kept}
        self.forgotten += 1

    def close(self, until: int) -> list[DeploymentRecord]:
        """Mark what is new in the panes that end at ``until`` (ms) or before, in order of time."""
        closed = [
            (self._seen[combination][0], combination)
            for combination in self._unmarked
            if pane_start(self._seen[combination][0], self._width) + self._width <= until
        ]
        new = []
        for time, combination in sorted(closed):
            self._unmarked.discard(combination)
            for part in combination.parts():
                if part not in self.marks:
                    kind, value = part
                    self.marks[part] = DeploymentRecord(
                        model=self._model,
                        kind=kind,
                        value=value,
                        version=combination.version,
                        time_ms=time,
                    )
                    new.append(self.marks[part])
        self.changed = self.changed or bool(new)
        return new

    def running(self, versions: list[str], before: int) -> list[Combination]:
        """The combinations of some versions that were met before ``before`` (ms)."""
        return [
            combination
            for combination, (first, _) in self._seen.items()
            if combination.version in versions and first < before
        ]

    def to_state(self) -> list[Any]:
        """The state as plain lists."""
        self.changed = False
        seen = [[*combination, *times] for combination, times in sorted(self._seen.items())]
        marks = [[*part, mark.version, mark.time_ms] for part, mark in sorted(self.marks.items())]
        return [seen, marks, self.forgotten]

    def restore(self, state: list[Any]) -> None:
        """Take back what `to_state` gave."""
        seen, marks, self.forgotten = state
        for kind, value, version, time in marks:
            part = DeploymentKind(kind), value
            self.marks[part] = DeploymentRecord(
                model=self._model, kind=part[0], value=value, version=version, time_ms=time
            )
        for version, code, data, first, last in seen:
            self.take(version, code, data, first)
            self._seen[Combination(version, code, data)][1] = last
        self.changed = False
