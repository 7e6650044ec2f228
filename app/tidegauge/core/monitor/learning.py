"""Learning a version's reference profile from its first predictions.

The predictions with the smallest hashes of their request id are the sample
(`tidegauge.core.collect.sampling`). Learning ends with the first closed pane at which enough event
time has passed and enough predictions were counted; what was sampled after that pane is left out.
"""

from dataclasses import dataclass, field

import numpy as np

from tidegauge.core.config import ModelConfig, ReferenceConfig
from tidegauge.core.partial import SampleRow
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.outcomes import UNSUPPORTED, binary_class
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.streamtime import NEVER


@dataclass
class Learning:
    """How far the reference of one version has come.

    Attributes:
        start: of the first pane that is closed, ms.
        predictions: in all panes that are closed.
        rows: the sample, by hash.
        changed: hashes that came or went since it was last cleared.
        bound: the largest hash that the sample can still hold, once that is known.
        kept: rows that were left when some were last let go; twice as many are looked through next.
    """

    start: int = NEVER
    predictions: int = 0
    rows: dict[int, SampleRow] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    bound: int | None = None
    kept: int = 0

    def add(self, row: SampleRow) -> None:
        """Take a row offered by a source partition, if the sample may come to hold it."""
        if self.bound is not None and row.hash > self.bound:
            return
        self.rows[row.hash] = row
        self.changed.add(row.hash)

    def close(self, start: int, end: int, predictions: int, config: ReferenceConfig) -> bool:
        """Count a closed pane; whether learning is complete with it."""
        self._trim(end, config.sample_size)
        if not predictions:
            return False
        if self.start == NEVER:
            self.start = start
        self.predictions += predictions
        return end - self.start >= config.learn_ms and self.predictions >= config.min_predictions

    def _trim(self, end: int, size: int) -> None:
        """Let go of rows that no sample which ends at ``end`` or later can hold.

        That is each whose hash is larger than those of ``size`` rows before ``end``, whatever its
        own time.
        """
        if len(self.rows) <= max(2 * size, 2 * self.kept):
            return
        closed = sorted(h for h, row in self.rows.items() if row.time < end)
        if len(closed) >= size:
            self.bound = closed[size - 1]
            gone = [hashed for hashed in self.rows if hashed > self.bound]
            for hashed in gone:
                del self.rows[hashed]
            self.changed.update(gone)
        self.kept = len(self.rows)

    def profile(
        self, model: str, version: str, end: int, effective_from: int, rules: ModelConfig
    ) -> ReferenceProfile:
        """The profile of all sampled predictions before ``end``, in effect ``effective_from``."""
        hashes = sorted(h for h, row in self.rows.items() if row.time < end)
        rows = [self.rows[h] for h in hashes[: rules.reference.sample_size]]
        names = sorted({name for row in rows for name in row.features})
        answers = [row.predicted for row in rows if row.predicted is not None]
        binary = [binary_class(answer, rules.positive_class) for answer in answers]
        return build_reference(
            [row.features for row in rows],
            np.array([np.nan if row.score is None else row.score for row in rows], np.float64),
            np.array([number for number in binary if number != UNSUPPORTED], np.int64),
            answers=answers,
            names=names,
            config=rules.reference,
            model=model,
            version=version,
            effective_from=effective_from,
            learned_from=self.start,
            learned_until=end,
        )
