"""What is kept of one model, which its alerts are explained by."""

from typing import NamedTuple

from tidegauge.core.adoption import References
from tidegauge.core.monitor.attributed import UsualAttributions
from tidegauge.core.monitor.deployments import Deployments
from tidegauge.core.monitor.errorbook import ErrorBook
from tidegauge.core.monitor.examples import Examples
from tidegauge.core.monitor.kinds import Kinds
from tidegauge.core.monitor.windows import Windows


class Kept(NamedTuple):
    """What is kept of one model."""

    width: int
    """Length of a finest pane in ms."""
    windows: Windows
    errors: ErrorBook
    examples: Examples
    references: References
    kinds: Kinds
    deployments: Deployments
    active: dict[str, list[int]]
    """First and last closed pane of each version."""
    usual: UsualAttributions
