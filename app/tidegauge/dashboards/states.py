"""How a model stands as a whole, in words and colours."""

from typing import Final

from tidegauge.dashboards.figures import ALERT, LEARNING, MOVED, STEADY
from tidegauge.dashboards.panels import GREEN, RED, YELLOW, Names

DRIFT_STATES: Final[Names] = (
    (str(LEARNING), "learning", "#8e8e8e"),
    (str(STEADY), "steady", GREEN),
    (str(MOVED), "moved", YELLOW),
    (str(ALERT), "alert", RED),
)
