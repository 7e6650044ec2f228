"""One clear line in the log when something is over a limit, however many events are.

What is over a limit is folded, left out or forgotten by the stage and counted; the counts are on
``/metrics`` (``tidegauge_limit_exceeded_total``). The log names the limit once, and again after a
while if it is still exceeded.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from tidegauge.core.config import Limits
from tidegauge.core.stats.classes import OTHER

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
AGAIN_SECONDS = 3600.0
"""After so long a limit of a model that is still exceeded is named again."""
PAUSE_SECONDS = 60.0
"""Between two lines about one limit, whatever the number of models that exceed it."""
NAMED = 3
"""Models that one line names."""


EFFECTS = {
    "models": "further models count together as model __other__",
    "versions": "further versions count together as __other__",
    "segment_fields": "further segment fields are left out",
    "segment_values": "further values count together as __other__",
    "features": "further features are left out",
    "classes": "further classes count together as __other__",
    "deployments": "those not seen for longest are forgotten",
    "open_requests": "the oldest requests are evicted",
}
"""What follows when a limit is exceeded, by its name in the settings."""
_ALIASES = {"deployments_forgotten": "deployments"}
_REMEDY = "raise the setting, or stop the publisher from making up names"
_REMEDY_FOR_REQUESTS = "raise the setting where memory allows, or shorten the horizons"


class LimitWarnings:
    """Logs what is over a limit.

    Args:
        limits: the limits in force.
        exceeded: how often each was exceeded so far, by model and kind.
        clock: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        limits: Limits,
        exceeded: Callable[[], Mapping[tuple[str, str], int]],
        clock: Callable[[], float],
    ) -> None:
        self._limits = limits
        self._exceeded = exceeded
        self._clock = clock
        self._looked_at = float("-inf")
        self._warned: dict[tuple[str, str], tuple[float, int]] = {}
        self._line_at: dict[str, float] = {}

    def look(self) -> None:
        """Log what is new, if it is time to look again."""
        now = self._clock()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        counts: Counter[tuple[str, str]] = Counter()
        for (model, kind), count in self._exceeded().items():
            counts[model, _ALIASES.get(kind, kind)] += count
        news: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for (model, limit), count in counts.items():
            # what is in __other__ is over the limit of models already
            if (model != OTHER or limit == "models") and self._is_news(model, limit, count, now):
                news[limit].append((count, model))
        for limit, models in news.items():
            if now - self._line_at.get(limit, float("-inf")) >= PAUSE_SECONDS:
                self._line_at[limit] = now
                self._warned.update({(model, limit): (now, count) for count, model in models})
                self._warn(limit, sorted(models, reverse=True))

    def _is_news(self, model: str, limit: str, count: int, now: float) -> bool:
        at, known = self._warned.get((model, limit), (float("-inf"), 0))
        return count > known and now - at >= AGAIN_SECONDS

    def _warn(self, limit: str, models: list[tuple[int, str]]) -> None:
        log.warning(
            "event=limit_exceeded setting=limits.%s value=%d models=%s more_models=%d times=%d "
            "effect=%r remedy=%r",
            limit,
            getattr(self._limits, limit),
            [model for _, model in models[:NAMED]],
            len(models[NAMED:]),
            sum(count for count, _ in models),
            EFFECTS[limit],
            _REMEDY_FOR_REQUESTS if limit == "open_requests" else _REMEDY,
        )
