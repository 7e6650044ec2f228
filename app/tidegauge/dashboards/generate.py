"""Writes ``grafana/dashboards/``, or checks that it is in step with this package.

Run ``python -m tidegauge.dashboards.generate`` after a change of a dashboard; with ``--check``
nothing is written and the exit code is 1 when a file differs.
"""

import json
import sys
from functools import cache
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from tidegauge.contract.generated import Generated
from tidegauge.dashboards.alerts import alerts
from tidegauge.dashboards.data_quality import data_quality
from tidegauge.dashboards.drift import drift
from tidegauge.dashboards.improve import improve_boards
from tidegauge.dashboards.models import model_boards
from tidegauge.dashboards.overview import overview
from tidegauge.dashboards.pipeline import pipeline

FOLDER = Path(__file__).resolve().parents[3] / "grafana" / "dashboards"
"""The folder in a checkout."""


@cache
def documents() -> dict[str, str]:
    """The text of every dashboard's file, by its name."""
    return {
        f"{board.uid}.json": json.dumps(
            board.build(), cls=JSONEncoder, indent=2, ensure_ascii=False, sort_keys=True
        )
        + "\n"
        for board in (
            overview(),
            *model_boards(),
            drift(),
            data_quality(),
            *improve_boards(),
            alerts(),
            pipeline(),
        )
    }


BOARDS = Generated(FOLDER, documents, "tidegauge.dashboards.generate")

if __name__ == "__main__":
    sys.exit(BOARDS.main())
