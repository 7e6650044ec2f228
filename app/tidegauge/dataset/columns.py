"""Which column of a file means what, and a row as the prediction that a worker would have sampled.

The names of the contract are the defaults, so that logged predictions need no options: `features`
may be an object as in the event, or every column that means nothing else is one.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path

from tidegauge.core.config import ModelConfig
from tidegauge.core.events import MAX_NAME, MAX_NUMBER, FeatureValue, Feedback, Outcome, Prediction
from tidegauge.core.partial import SampleRow
from tidegauge.core.stats.outcomes import kept
from tidegauge.dataset.sample import sample_row
from tidegauge.dataset.table import Place, RequestError, Values
from tidegauge.wire.public import InvalidRecord, milliseconds

_EVENT_FIELDS = frozenset({*Prediction.__struct_fields__, *Feedback.__struct_fields__})
_PANDAS_INDEX = "__index_level_"


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a file mean; None: the default, where the file has it.

    Attributes:
        features: the features; None: those in the object ``features``, or else every column
            without another meaning.
        ignored: columns that are no features by default.
        request_id: names each row for sampling; else its number does.
        timestamp: when the model answered.
        score: probability of the positive class.
        prediction: what the model answered; by default ``prediction``, or else ``label``.
        model: rows of another model are passed over.
        version: rows of another version are passed over.
    """

    features: tuple[str, ...] | None = None
    ignored: frozenset[str] = frozenset()
    request_id: str | None = None
    timestamp: str | None = None
    score: str | None = None
    prediction: str | None = None
    model: str | None = None
    version: str | None = None

    def named(self) -> dict[str, str]:
        """The column of each role that was given one."""
        roles = (field.name for field in fields(self) if field.name not in {"features", "ignored"})
        return {role: name for role in roles if (name := getattr(self, role)) is not None}

    def texts(self) -> set[str]:
        """Columns that are text although they may look like numbers."""
        roles = ("request_id", "timestamp", "model", "version")
        return {getattr(self, role) or role for role in roles}

    def check(self, columns: Collection[str], file: Path) -> None:
        """See to it that columns which were named exist.

        Raises:
            RequestError: One does not.
        """
        features = () if "features" in columns else self.features or ()
        for name in (*self.named().values(), *features):
            if name not in columns:
                near = get_close_matches(name, columns, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {_listed(columns)}"
                raise RequestError(f"{file} has no column {name!r}; {hint}")

    def wanted(self, columns: tuple[str, ...]) -> list[str]:
        """Those of ``columns`` that are needed."""
        if self.features is None:
            needed = set(columns) - self.ignored
        else:
            needed = {*self.features, *_EVENT_FIELDS}
        needed |= set(self.named().values())
        return [name for name in columns if name in needed]


def _listed(columns: Collection[str]) -> str:
    names = sorted(columns)
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


class RowReader:
    """Reads rows as predictions of one model version.

    Args:
        columns: what they mean.
        model: the model.
        version: its version.
        rules: the model's rules.
        start: rows before it are passed over, ms; None: none are.
        until: rows from it on are passed over, ms; None: none are.
    """

    def __init__(
        self,
        columns: Columns,
        model: str,
        version: str,
        rules: ModelConfig,
        *,
        start: int | None,
        until: int | None,
    ) -> None:
        self.columns = columns
        self.model = model
        self.version = version
        self.rules = rules
        self._start = start
        self._until = until
        self._named = set(columns.named().values())
        self._no_features = self._named | columns.ignored | _EVENT_FIELDS
        self._unseen = self._named | set(columns.features or ())
        self._first: int | None = None
        self._last: int | None = None
        self._untimed = False
        self.skipped: Counter[str] = Counter()
        """Rows passed over, by why."""

    @property
    def period(self) -> tuple[int | None, int | None]:
        """The times that the rows lie between, in ms; None where some have no time."""
        if self._first is None or self._last is None or self._untimed:
            return None, None
        start = self._first if self._start is None else self._start
        return start, self._last + 1 if self._until is None else self._until

    def check(self, file: Path) -> None:
        """See to it, once all rows are read, that columns which were named came in some row.

        Raises:
            RequestError: One did not.
        """
        if self._unseen:
            raise RequestError(f"{file}: no row has {_listed(self._unseen)}")

    def read(self, place: Place, row: Values) -> SampleRow | None:
        """The prediction of a row; None when it is passed over.

        Raises:
            DatasetError: A value can't be used.
        """
        columns = self.columns
        if self._unseen:
            self._unseen -= row.keys()
        for role, own in (("model", self.model), ("version", self.version)):
            value = row.get(getattr(columns, role) or role)
            if value is not None and _name(value) != own:
                self.skipped[f"of another {role}"] += 1
                return None
        time = self._time(place, row)
        if not self._within(time):
            self.skipped["outside the period"] += 1
            return None
        request = row.get(columns.request_id or "request_id")
        key = str(place.number) if request is None else _name(request)
        return sample_row(
            key.encode(),
            self._noted(time),
            self.version,
            answer=self._answer(place, row),
            score=self._score(place, row),
            features=self._features(place, row),
            rules=self.rules,
        )

    def _time(self, place: Place, row: Values) -> int | None:
        name = self.columns.timestamp or "timestamp"
        value = row.get(name)
        if value is None:
            if self._start is not None or self._until is not None:
                raise place.error("it has no time, so it can't be told whether it counts", name)
            return None
        text = value.isoformat() if isinstance(value, datetime) else value
        try:
            return milliseconds(text)  # type: ignore[arg-type]  # what is no text is refused
        except InvalidRecord as problem:
            raise place.error(str(problem), name) from None

    def _noted(self, time: int | None) -> int:
        if time is None:
            self._untimed = True
            return 0
        self._first = time if self._first is None else min(self._first, time)
        self._last = time if self._last is None else max(self._last, time)
        return time

    def _within(self, time: int | None) -> bool:
        if time is None:
            return True
        return (self._start is None or time >= self._start) and (
            self._until is None or time < self._until
        )

    def _score(self, place: Place, row: Values) -> float | None:
        name = self.columns.score or "score"
        value = _missing_as_none(row.get(name))
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise place.error(f"{_shown(value)} is not a number", name)
        if not 0 <= value <= 1:
            raise place.error(f"{value} is not a probability: it must lie in 0 to 1", name)
        return float(value)

    def _answer(self, place: Place, row: Values) -> Outcome | None:
        name = self.columns.prediction
        if name is None:
            name = "prediction" if row.get("prediction") is not None else "label"
        value = _missing_as_none(row.get(name))
        if value is None:
            return None
        if not isinstance(value, str | bool | int | float):
            raise place.error(f"{_shown(value)} is neither a class nor a number", name)
        return value

    def _features(self, place: Place, row: Values) -> dict[str, FeatureValue]:
        nested = row.get("features")
        source: Values = nested if isinstance(nested, Mapping) else row
        names: Collection[str]
        if self.columns.features is not None:
            names = self.columns.features
            if self._unseen:
                self._unseen -= source.keys()
        elif source is nested:
            names = source.keys() - self.columns.ignored
        else:
            names = [
                name
                for name in source
                if name not in self._no_features and not name.startswith(_PANDAS_INDEX)
            ]
        return {name: _feature(place, name, source.get(name)) for name in names}


def _name(value: object) -> str:
    return str(kept(value)) if isinstance(value, str | bool | int | float) else str(value)


def _missing_as_none(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def _feature(place: Place, name: str, value: object) -> FeatureValue:
    """A value as an event would carry it.

    Raises:
        DatasetError: It is none that an event can carry.
    """
    if not 0 < len(name) <= MAX_NAME:
        raise place.error(f"the name of a feature has 1 to {MAX_NAME} characters", name[:40])
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > MAX_NAME:
            raise place.error(f"a text of {len(value)} characters; at most {MAX_NAME}", name)
        return value
    if isinstance(value, int | float | Decimal):
        if math.isnan(value):
            return None
        if not -MAX_NUMBER <= value <= MAX_NUMBER:
            raise place.error(f"{value} is beyond the largest number, {MAX_NUMBER:g}", name)
        return float(value)
    raise place.error(
        f"{_shown(value)} is no number, text or boolean; if it is no feature, leave it out "
        f"with --ignore {name}",
        name,
    )


def _shown(value: object) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:39] + '…'}"
