"""What the inputs of a pane do not explain of its answers.

Answers follow from inputs: in a storm flights are late, and the scores of all of them rise. What is
left once that is taken out (`tidegauge.core.detect.regression`) moves when the model, or what
serves it, answers otherwise to the same inputs, and is far calmer than the answers themselves. The
inputs are the means of numeric features and the shares of missing values, over all versions, so a
new version without a reference is looked at like the others.
"""

import math
from collections.abc import Iterable
from typing import Any

from tidegauge.core.config import DetectionConfig
from tidegauge.core.detect.regression import Regression
from tidegauge.core.detect.verdict import PaneInput
from tidegauge.core.events import MAX_NUMBER
from tidegauge.core.monitor.streams import StreamKey, Subject

LEAST = 0.5
"""Of the answers' variance: where inputs explain less, what is left is about the answers."""
_ANSWERS = frozenset({Subject.SCORE, Subject.PREDICTION, Subject.POSITIVE_RATE})
_INPUTS = frozenset({Subject.FEATURE, Subject.MISSING})


class Unexplained:
    """Of the answers of one model.

    Args:
        config: how long is learned.
    """

    def __init__(self, config: DetectionConfig) -> None:
        self._config = config
        self._regression = Regression(config.learn_ms, config.learn_samples)
        self.changed = False

    def close(self, pane: Iterable[tuple[StreamKey, PaneInput]]) -> PaneInput | None:
        """What a closed pane feeds, once it is known what inputs explain; None until then.

        Args:
            pane: what the pane feeds the other streams.
        """
        answers: list[tuple[StreamKey, PaneInput]] = []
        inputs: dict[str, float] = {}
        for key, given in pane:
            if key.subject in _ANSWERS and given.count:
                answers.append((key, given))
            elif key.subject in _INPUTS and given.count:
                inputs[f"{key.subject.value} {key.feature}"] = _mean(key, given)
        return self._left(*answers[0], inputs) if answers and inputs else None

    def _left(
        self, key: StreamKey, answers: PaneInput, inputs: dict[str, float]
    ) -> PaneInput | None:
        mean, span = _mean(key, answers), (answers.start_ms, answers.end_ms)
        known = self._regression.explained
        if known is None:
            self._regression.learn(mean, inputs, answers.count, span)
            self.changed = True
            return None
        if known < LEAST:
            return None
        left = mean - self._regression.expected(inputs)
        deviation = math.sqrt(mean * (1.0 - mean)) if key.kind.is_rate else answers.deviation
        return PaneInput(*span, answers.count, max(-MAX_NUMBER, min(left, MAX_NUMBER)), deviation)

    def to_state(self) -> list[Any]:
        """Plain values for msgpack."""
        self.changed = False
        return self._regression.to_state()

    def restore(self, state: list[Any]) -> None:
        """Take back what `to_state` gave."""
        config = self._config
        self._regression = Regression.from_state(config.learn_ms, config.learn_samples, state)


def _mean(key: StreamKey, pane: PaneInput) -> float:
    return pane.total / pane.count if key.kind.is_rate else pane.total
