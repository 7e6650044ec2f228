"""The frozen models: generalised linear models of three kinds, read from data files.

The files are written by ``python -m tidegauge.demo.train``. They hold plain numbers: nothing in
them is code, and nothing is unpickled.
"""

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.events import Attributions, Features, Outcome, Probabilities
from tidegauge.demo.linear import Linear
from tidegauge.demo.links import logistic, softmax

PROBABILITY_DIGITS = 6
ATTRIBUTION_DIGITS = 4


class Answer(NamedTuple):
    """What a model says of one request, as the contract has it."""

    prediction: Outcome
    score: float | None = None
    probabilities: Probabilities | None = None
    attributions: Attributions | None = None
    """What each feature added to the output that decided: exact, since the models are linear."""


class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """What models of all kinds have."""

    name: str
    version: str
    code_version: str
    data_version: str
    linear: Linear


class BinaryModel(Frozen, frozen=True, tag="binary"):
    """A logistic regression: 1 from a threshold of the score on, else 0."""

    threshold: float

    def answers(self, rows: Sequence[Features]) -> list[Answer]:
        """The class of each row, with its probability of class 1 as the score."""
        parts = self.linear.parts(rows)
        scores = logistic(self.linear.outputs(parts)[:, 0])
        classes = (scores >= self.threshold).astype(np.int64)
        told = _attributions(parts, np.zeros(len(rows), np.int64))
        return [
            Answer(answer, score, attributions=moved)
            for answer, score, moved in zip(classes.tolist(), scores.tolist(), told, strict=True)
        ]


class RegressionModel(Frozen, frozen=True, tag="regression"):
    """A linear regression; answers have one decimal."""

    def answers(self, rows: Sequence[Features]) -> list[Answer]:
        """The value of each row."""
        parts = self.linear.parts(rows)
        told = _attributions(parts, np.zeros(len(rows), np.int64))
        # adding 0 turns a negative zero into 0
        return [
            Answer(round(value, 1) + 0.0, attributions=moved)
            for value, moved in zip(self.linear.outputs(parts)[:, 0].tolist(), told, strict=True)
        ]


class MulticlassModel(Frozen, frozen=True, tag="multiclass"):
    """A multinomial logistic regression."""

    classes: tuple[str, ...]
    """In the order of its outputs."""
    costs: tuple[float, ...]
    """What it costs to miss each of them."""

    def answers(self, rows: Sequence[Features]) -> list[Answer]:
        """The class of each row whose expected cost is the highest, and all probabilities.

        There is no score: in the contract that is the probability of a binary model's positive
        class.
        """
        parts = self.linear.parts(rows)
        table = softmax(self.linear.outputs(parts))
        chosen = (table * self.costs).argmax(axis=1)
        shares = table.round(PROBABILITY_DIGITS).tolist()
        # what is added to all outputs alike changes no probability
        told = _attributions({n: p - p.mean(axis=1)[:, None] for n, p in parts.items()}, chosen)
        return [
            Answer(self.classes[best], None, dict(zip(self.classes, row, strict=True)), moved)
            for best, row, moved in zip(chosen.tolist(), shares, told, strict=True)
        ]


def _attributions(
    parts: Mapping[str, NDArray[np.float64]], outputs: NDArray[np.int64]
) -> list[Attributions]:
    """What each feature added to one output of each row, by its number."""
    rows = np.arange(len(outputs))
    columns = [part[rows, outputs].round(ATTRIBUTION_DIGITS).tolist() for part in parts.values()]
    return [dict(zip(parts, row, strict=True)) for row in zip(*columns, strict=True)]


Model: TypeAlias = BinaryModel | RegressionModel | MulticlassModel
_DECODER: msgspec.json.Decoder[Model] = msgspec.json.Decoder(Model)


def file_name(name: str, version: str) -> str:
    """The data file of one version of a model, in the folder ``frozen``."""
    return f"{name}-{version}.json"


def load_model(name: str, version: str) -> Model:
    """A frozen model that the package ships."""
    file = resources.files("tidegauge.demo").joinpath("frozen", file_name(name, version))
    return _DECODER.decode(file.read_bytes())
