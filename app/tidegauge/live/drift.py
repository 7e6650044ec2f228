"""How far from the reference is far: the usual bounds of the population stability index."""

from typing import Final

from tidegauge.live import words
from tidegauge.live.listing import Cell

LARGE_PSI: Final = 0.25
"""From here on a distribution is commonly said to have changed (Siddiqi, Credit Risk Scorecards,
2006)."""
MODERATE_PSI: Final = 0.1
"""From here on it is commonly watched."""


def psi_cell(psi: float | None) -> Cell:
    """A population stability index, marked by the usual bounds."""
    if psi is None:
        return Cell(words.NONE)
    if psi >= LARGE_PSI:
        return Cell(f"{words.number(psi)} !", psi, "bold red")
    return Cell(f"{words.number(psi)}  ", psi, "bold yellow" if psi >= MODERATE_PSI else "")
