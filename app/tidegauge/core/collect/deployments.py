"""What one source partition tells of deployments: versions met, and the time of the first.

A combination of model, code and data version is told when it is met, again when an earlier event
of it comes, and anew in each hour of event time, so that monitor knows which are still alive. What
is over the limit within an hour is not told.
"""

from tidegauge.core.config import HOUR
from tidegauge.core.streamtime import NEVER

Told = tuple[str, str, str, int]
"""Model, code and data version, and the event time in ms."""


class Sightings:
    """The combinations of one model in this hour of event time.

    Args:
        limit: how many are told.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._until = NEVER
        self._earliest: dict[tuple[str, str, str], int] = {}
        self._new: dict[tuple[tuple[str, str, str], int], int] = {}
        """By combination and hour, since one commit may hold several hours."""

    def note(self, version: str, code: str, data: str, time: int) -> bool:
        """Note a prediction; False when it is over the limit."""
        if time >= self._until:
            self._earliest.clear()
            self._until = time - time % HOUR + HOUR
        seen = (version, code, data)
        known = self._earliest.get(seen)
        if known is not None and known <= time:
            return True
        if known is None and len(self._earliest) >= self._limit:
            return False
        self._earliest[seen] = self._new[seen, self._until] = time
        return True

    def take(self) -> list[Told]:
        """What is to be told since the last call."""
        new, self._new = self._new, {}
        return [(*seen, time) for (seen, _), time in new.items()]
