"""The series of retained requests, with the rules that hold for each by column."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tidegauge.core.collect.interned import Interned
from tidegauge.core.collect.layout import Series
from tidegauge.core.collect.request import Rules
from tidegauge.core.streamtime import NEVER

Ints = npt.NDArray[np.int64]


class Terms(NamedTuple):
    """What decides about requests of a series, by column, in ms."""

    clock: Ints
    """The number of the model by whose stream time they expire."""
    keep: Ints
    """How long after its time an answer is retained."""
    wait: Ints
    """How long after its time feedback is retained."""
    orphan_horizon: Ints
    label_horizon: Ints


class SeriesTable:
    """Numbers of series.

    Args:
        rules: the rules of each model.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.interned: Interned[Series] = Interned()
        self._clocks: dict[str, int] = {}
        self._models: list[str] = []
        self._terms = np.zeros((16, len(Terms._fields)), np.int64)

    @property
    def clocks(self) -> int:
        """How many models there are."""
        return len(self._clocks)

    def number(self, series: Series) -> int:
        """The number of a series."""
        number = self.interned.find(series)
        if number is None:
            number = self.interned.number(series)
            self._learn(number, series)
        return number

    def series(self, number: int) -> Series:
        """The series of a number."""
        return self.interned.value(number)

    def terms(self, numbers: npt.NDArray[np.integer]) -> Terms:
        """The terms of series."""
        return Terms(*self._terms[numbers].T)

    def clock(self, model: str) -> int:
        """The number of a model as a clock."""
        number = self._clocks.setdefault(model, len(self._models))
        if number == len(self._models):
            self._models.append(model)
        return number

    def clock_of(self, number: int) -> int:
        """The clock of a series."""
        return int(self._terms[number, 0])

    def model(self, clock: int) -> str:
        """The model of a clock."""
        return self._models[clock]

    def thresholds(self, times: Mapping[str, int]) -> Ints:
        """Times by clock; `NEVER` for a model without one."""
        return np.array([times.get(model, NEVER) for model in self._clocks], np.int64)

    def restored(self) -> None:
        """All series are read."""
        for number, series in self.interned.items():
            self._learn(number, series)

    def _learn(self, number: int, series: Series) -> None:
        if number >= len(self._terms):
            more = np.zeros((max(number + 1, 2 * len(self._terms)), len(Terms._fields)), np.int64)
            more[: len(self._terms)] = self._terms
            self._terms = more
        r = self._rules(series.model)
        self._terms[number] = (
            self.clock(series.model),
            r.retention_ms + r.out_of_orderness_ms,
            r.orphan_horizon_ms + r.lateness_ms + r.out_of_orderness_ms,
            r.orphan_horizon_ms,
            r.label_horizon_ms,
        )
