"""The mark of a deployment: something new about a model was seen for the first time."""

from typing import Literal

from tidegauge.contract.base import Record, Time
from tidegauge.core.records import DeploymentKind


class Deployment(Record):
    """A version, code version or data version of a model was first seen, and when.

    Written once, when the pane of its first prediction is closed. One that had been forgotten,
    because many others were seen since (``limits.deployments``), is marked again when it comes
    back.
    """

    type: Literal["deployment"]
    model: str
    kind: DeploymentKind
    """What is new: ``version`` of the model, ``code_version`` of the serving code, ``data_version``
    of the data or feature pipeline."""
    value: str
    """The version that is new."""
    version: str
    """The model version that it was first seen with."""
    time: Time
    """Event time of its first prediction."""
