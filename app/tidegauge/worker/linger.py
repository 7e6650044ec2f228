"""Waiting until there is enough to process at once.

A batch has a cost of its own, some milliseconds, whatever it holds. Processing what each fetch
brings would use a core for a few thousand events a second, and show nothing sooner: what is
processed becomes visible at the next commit. So records wait until there are enough of them or the
commit is due.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from tidegauge.worker.inbox import Inbox


class Linger:
    """Whether what waits in some inboxes is to be processed now.

    Args:
        inboxes: By topic.
        batch_records: So many waiting records of one topic are enough.
    """

    def __init__(self, inboxes: Mapping[str, Inbox], batch_records: int) -> None:
        self._inboxes = inboxes
        self._batch_records = batch_records
        self._until: Mapping[str, int] | None = None
        self._ended = asyncio.Event()

    def over(self) -> bool:
        """Whether to process what waits."""
        enough = any(len(inbox) >= self._batch_records for inbox in self._inboxes.values())
        return enough or self._until is not None

    async def end(self, timeout: float) -> None:  # noqa: ASYNC109 - not to be cancelled by it
        """Return when all that waits now is processed, or cannot be, or after ``timeout`` s."""
        self._until = {topic: inbox.expected for topic, inbox in self._inboxes.items()}
        self._ended.clear()
        self.look()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), timeout)
        self._until = None

    def look(self) -> None:
        """Something was processed."""
        until = self._until
        if until is not None and all(self._inboxes[t].start >= at for t, at in until.items()):
            self.stop()

    def stop(self) -> None:
        """Nothing can be processed now."""
        self._ended.set()
