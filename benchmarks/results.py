"""The figures of measured runs, as JSON files that `redraw.py` makes tables and curves of.

They hold what was measured and with what parameters; no dates and no names of machines.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
SAVE_HELP = "write the figures to benchmarks/results, for redraw.py"


def finish(
    name: str, parameters: Mapping[str, object], figures: Mapping[str, object], *, save: bool
) -> None:
    """Write the figures of a run, if they are to be saved."""
    if save:
        FOLDER.mkdir(exist_ok=True)
        text = json.dumps({"parameters": parameters} | dict(figures), indent=2, sort_keys=True)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def is_saved(name: str) -> bool:
    """Whether there are figures of that name."""
    return (FOLDER / f"{name}.json").exists()


def read(name: str) -> dict[str, Any]:
    """The figures that were saved last.

    Raises:
        FileNotFoundError: There are none yet.
    """
    saved: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return saved
