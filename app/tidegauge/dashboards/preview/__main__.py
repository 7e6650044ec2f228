"""The command: ``python -m tidegauge.dashboards.preview``."""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tidegauge.dashboards.generate import BOARDS
from tidegauge.dashboards.preview.choice import chosen
from tidegauge.dashboards.preview.page import page
from tidegauge.dashboards.preview.panel import Asking
from tidegauge.dashboards.preview.prometheus import Prometheus, PrometheusError


def preview(server: Prometheus, out: Path, wanted: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """Write a page for each dashboard.

    Args:
        server: What is asked.
        out: The folder; it is made.
        wanted: Values of variables; others are as they are when a dashboard is opened.

    Returns:
        By page the titles of panels that have nothing to show.
    """
    out.mkdir(parents=True, exist_ok=True)
    empty = {}
    for name, text in BOARDS.documents().items():
        board = json.loads(text)
        drawn = page(board, Asking(server, chosen(board, server, wanted)))
        path = out / f"{name.removesuffix('.json')}.html"
        path.write_text(drawn.html, encoding="utf-8")
        empty[path.name] = drawn.empty
    return empty


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tidegauge.dashboards.preview",
        description="Draw the dashboards with the figures of a Prometheus, as pages for a browser.",
    )
    parser.add_argument("--prometheus", required=True, help="address, http://localhost:9090")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pages")
    parser.add_argument("--minutes", type=float, default=15.0, help="up to now (15)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a variable, window=1h"
    )
    options = parser.parse_args(arguments)
    end = time.time()
    server = Prometheus(options.prometheus, end - 60 * options.minutes, end)
    try:
        empty = preview(server, options.out, dict(pair.split("=", 1) for pair in options.set))
    except PrometheusError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name, titles in empty.items():
        without = f", without data: {'; '.join(titles)}" if titles else ""
        sys.stdout.write(f"{options.out / name}{without}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
