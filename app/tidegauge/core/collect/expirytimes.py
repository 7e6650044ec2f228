"""The stream times by which retained requests expire."""

from collections.abc import Collection, Iterator, Mapping

from tidegauge.core.collect.forwarding import Forwarding, SourceMark
from tidegauge.core.collect.state import CollectState
from tidegauge.core.config import CoreConfig
from tidegauge.core.ledger import UNKNOWN_MODEL
from tidegauge.core.streamtime import NEVER, Evidence, bound

BUCKET_MS = 60_000
"""Requests expire in steps of so much event time: finding out how far it has come takes a look at
every model in every source partition."""


class ExpiryTimes:
    """How far event time has surely come, by model.

    Args:
        config: publication skew and horizons.
        state: the models.
        forwarding: what other partitions have told.
    """

    def __init__(self, config: CoreConfig, state: CollectState, forwarding: Forwarding) -> None:
        self._skew = config.publication_skew_ms
        self._orphan_horizon_ms = config.default.orphan_horizon_ms
        self._state = state
        self._forwarding = forwarding
        self.predictions_complete = NEVER
        self.feedback_complete = NEVER
        self._steps: dict[str, tuple[int, int]] = {}

    def complete(self, predictions: int, feedback: int) -> None:
        """The logs are complete up to these append times, in ms, if that is more than before."""
        self.predictions_complete = max(self.predictions_complete, predictions)
        self.feedback_complete = max(self.feedback_complete, feedback)

    def complete_until(self) -> int:
        """The append time up to which both logs have been read, in ms."""
        return min(self.predictions_complete, self.feedback_complete)

    def moved(self, models: Collection[str]) -> bool:
        """Whether event time may have come to another step since this was last asked.

        Args:
            models: those of which there is news.
        """
        now = {"": (self.complete_until() // BUCKET_MS, 0)}
        for name in models:
            model = self._state.models[name]
            now[name] = (model.predictions.time // BUCKET_MS, model.feedback.time // BUCKET_MS)
        same = all(self._steps.get(name) == step for name, step in now.items())
        self._steps.update(now)
        return not same

    def mark(self, source: int, recipient: int) -> SourceMark:
        """What this partition, ``source``, tells another."""
        times = self._own(self._evidence())
        if next(self._heard_lately(), None) is None:
            times.pop(UNKNOWN_MODEL, None)
        return SourceMark(
            source,
            self._forwarding.sent.get(recipient, 0),
            self.complete_until(),
            self._read_until(),
            {name: t for name, t in times.items() if t > NEVER or name == UNKNOWN_MODEL},
        )

    def _read_until(self) -> int:
        # just restored, it knows no completeness yet; what it knows was read before, all the same
        appended = (
            max(model.predictions.last_append, model.feedback.last_append)
            for model in self._state.models.values()
        )
        # a record of the same millisecond may have been read, too
        return max(self.predictions_complete, self.feedback_complete, *appended, NEVER) + 1

    def times(self) -> dict[str, int]:
        """The event time that all logs have passed that can bring events to this partition, ms.

        By model, down to a whole step, without those of which nothing is known; none before all
        partitions have told how far they have come.
        """
        if not self._forwarding.all_known:
            return {}
        evidence = self._evidence()
        times = self._own(evidence)
        heard = [evidence[name] for name in self._heard_lately()]
        for mark in self._forwarding.marks.values():
            for name in times:
                told = mark.times.get(name, NEVER)
                if name != UNKNOWN_MODEL:
                    told = bound(told, evidence[name], mark.complete_until, self._skew)
                elif name not in mark.times:
                    # the source has heard of no model lately, but may have some of them to read
                    until = mark.complete_until
                    bounds = (bound(NEVER, seen, until, self._skew) for seen in heard)
                    told = min(bounds, default=times[name] if until > NEVER else NEVER)
                times[name] = min(times[name], told)
        return {name: t // BUCKET_MS * BUCKET_MS for name, t in times.items() if t > NEVER}

    def _evidence(self) -> dict[str, Evidence]:
        told = self._forwarding.clocks
        return {
            name: Evidence([model.predictions, model.feedback, *told(name)])
            for name, model in self._state.models.items()
        }

    def _own(self, evidence: Mapping[str, Evidence]) -> dict[str, int]:
        """The event time that both logs of this partition have passed, as far as is known.

        Feedback that names no model is no evidence for any: one model may lag behind the others.
        """
        times = {
            name: min(
                bound(model.predictions.time, seen, self.predictions_complete, self._skew),
                bound(model.feedback.time, seen, self.feedback_complete, self._skew),
            )
            for (name, model), seen in zip(
                self._state.models.items(), evidence.values(), strict=True
            )
        }
        heard = [times[name] for name in self._heard_lately()]
        if heard and UNKNOWN_MODEL in times:
            times[UNKNOWN_MODEL] = min(heard)
        return times

    def _heard_lately(self) -> Iterator[str]:
        """The models whose predictions may be what feedback that names no model waits for.

        It waits for the slowest of them, since models may be far apart in event time (one is
        replayed, others are live), but not for those that have ended.
        """
        since = self.complete_until() - self._orphan_horizon_ms
        for name, model in self._state.models.items():
            last = max(model.predictions.last_append, model.feedback.last_append)
            if name != UNKNOWN_MODEL and last > NEVER and last >= since:
                yield name

    def forget(self) -> None:
        """Drop the past that is not asked about any more."""
        told = [mark.complete_until for mark in self._forwarding.marks.values()]
        earliest = min([self.complete_until(), *told]) - self._skew
        for model in self._state.models.values():
            model.predictions.forget_before(earliest)
            model.feedback.forget_before(earliest)
        self._forwarding.forget_before(earliest)
