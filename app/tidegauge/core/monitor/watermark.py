"""Watermarks of one model over all source partitions.

Each source partition reads two logs, predictions and feedback, and reports with its partials how
far it has come (`tidegauge.core.partial.Progress`). A log's bound is the event time below which it
holds nothing unread (`tidegauge.core.streamtime.bound`), so a partition that has caught up with the
end of its log holds no model back, and a partition that lags does. The watermark is the smallest
bound less the out-of-orderness allowed; it never goes back.

Three of them:

- *predictions*: closes panes of prediction time. That feedback has come so far is evidence, too;
- *labels*: closes panes of label time, never ahead of the former. A prediction that is still unread
  can bring a label that is waiting, so the logs of predictions count too;
- *settled*: nothing that this model's horizons allow is still to come. Where feedback is read but
  none comes for this model, it follows the predictions at the distance of the label horizon.

Silence moves time on: when all logs are complete up to an append time that is ``idle`` later than
the model's last event, event time is taken to have gone on at the same pace as append time.
"""

from collections.abc import Mapping

import msgspec

from tidegauge.core.config import CoreConfig, ModelConfig
from tidegauge.core.partial import Progress
from tidegauge.core.streamtime import NEVER, Evidence, StreamClock, bound


class Marks(msgspec.Struct, array_like=True):
    """The watermarks reached, in ms of event time."""

    predictions: int = NEVER
    labels: int = NEVER
    settled: int = NEVER


class Completeness(msgspec.Struct, array_like=True):
    """The append times up to which one source partition has read its logs."""

    predictions: int = NEVER
    feedback: int = NEVER


class Watermarks:
    """Follows the progress of all source partitions for one model.

    Args:
        config: pane widths, publication skew and idle time.
        rules: the model's out-of-orderness and horizons.
        sources: how many source partitions there are.
    """

    def __init__(self, config: CoreConfig, rules: ModelConfig, sources: int) -> None:
        self._config = config
        self._rules = rules
        self._sources = sources
        self._grain = config.panes[0].width_ms // 2
        self.predictions: dict[int, StreamClock] = {}
        self.feedback: dict[int, StreamClock] = {}
        self.marks = Marks()

    def restore(self, source: int, progress: Progress) -> None:
        """Take back what was known of one source partition."""
        self.predictions[source] = StreamClock(
            progress.predictions_time, progress.predictions_append, grain_ms=self._grain
        )
        self.feedback[source] = StreamClock(
            progress.feedback_time, progress.feedback_append, grain_ms=self._grain
        )

    def progress(self, source: int) -> Progress:
        """What `restore` needs of one source partition."""
        predictions, feedback = self.predictions[source], self.feedback[source]
        return Progress(
            predictions_time=predictions.time,
            predictions_append=predictions.last_append,
            feedback_time=feedback.time,
            feedback_append=feedback.last_append,
        )

    def observe(self, source: int, progress: Progress) -> None:
        """One source partition has reported."""
        if source not in self.predictions:
            self.predictions[source] = StreamClock(grain_ms=self._grain)
            self.feedback[source] = StreamClock(grain_ms=self._grain)
        self.predictions[source].observe(progress.predictions_time, progress.predictions_append)
        self.feedback[source].observe(progress.feedback_time, progress.feedback_append)

    def newest_prediction(self) -> int:
        """The largest event time of a prediction, over all source partitions."""
        return max((clock.time for clock in self.predictions.values()), default=NEVER)

    def advance(self, complete: Mapping[int, Completeness]) -> Marks:
        """The watermarks, given the completeness of all source partitions."""
        if len(complete) < self._sources:
            return self.marks
        predictions = list(self.predictions.values())
        feedback = list(self.feedback.values())
        either = Evidence(predictions + feedback)
        read = self._smallest(complete, either, with_feedback=False)
        heard = self._smallest(complete, either, with_feedback=True)
        labels = self._smallest(complete, Evidence(feedback), with_feedback=True)
        order = self._rules.out_of_orderness_ms
        marks = self.marks
        idle_predictions = self._idle(predictions, min(c.predictions for c in complete.values()))
        both = min(min(c.predictions, c.feedback) for c in complete.values())
        idle_labels = self._idle(feedback, both)
        heard = max(heard, self._idle(predictions + feedback, both))
        marks.predictions = max(marks.predictions, max(read, idle_predictions) - order)
        labelled = min(max(labels, idle_labels) - order, marks.predictions)
        marks.labels = max(marks.labels, labelled)
        settled = max(labels, heard - self._rules.label_horizon_ms) - order
        marks.settled = max(marks.settled, min(marks.predictions, settled))
        self._forget(complete)
        return marks

    def _smallest(
        self,
        complete: Mapping[int, Completeness],
        evidence: Evidence,
        *,
        with_feedback: bool,
    ) -> int:
        """The smallest bound over the logs of predictions, or over both kinds."""
        skew = self._config.publication_skew_ms
        bounds = []
        for source, done in complete.items():
            own = self.predictions[source].time if source in self.predictions else NEVER
            bounds.append(bound(own, evidence, done.predictions, skew))
            if with_feedback:
                own = self.feedback[source].time if source in self.feedback else NEVER
                bounds.append(bound(own, evidence, done.feedback, skew))
        return min(bounds)

    def _idle(self, clocks: list[StreamClock], complete: int) -> int:
        newest = max((clock.time for clock in clocks), default=NEVER)
        silent = complete - max((clock.last_append for clock in clocks), default=NEVER)
        if NEVER in {newest, complete} or silent <= self._config.idle_ms:
            return NEVER
        return newest + silent

    def _forget(self, complete: Mapping[int, Completeness]) -> None:
        earliest = min(min(c.predictions, c.feedback) for c in complete.values())
        for clock in (*self.predictions.values(), *self.feedback.values()):
            clock.forget_before(earliest - self._config.publication_skew_ms)
