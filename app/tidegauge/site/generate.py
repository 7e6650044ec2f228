"""Writes the pages of ``docs`` that follow from the code, or checks that they are in step with it.

Run ``python -m tidegauge.site.generate`` after a change of the settings, the metrics, the command
line or the contract; with ``--check`` nothing is written, and it exits with 1 when a page differs.
"""

import argparse
import sys
from collections.abc import Callable, Mapping

from tidegauge.settings import document
from tidegauge.site import commands, figures, metrics, records
from tidegauge.site.sources import ROOT

PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": commands.page,
    "metrics.md": metrics.page,
    "records.md": records.page,
    "settings.md": document.page,
    "figures/alert.svg": figures.alert,
    "figures/budget.svg": figures.budget,
    "figures/commit.svg": figures.commit,
    "figures/flow.svg": figures.flow,
    "figures/join.svg": figures.join,
    "figures/states.svg": figures.states,
    "figures/windows.svg": figures.windows,
}
"""What makes each page, by its name below ``docs``."""


def main(arguments: list[str] | None = None) -> int:
    """Write or check, as the arguments say; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tidegauge.site.generate")
    parser.add_argument("--check", action="store_true", help="compare and write nothing")
    options = parser.parse_args(arguments)
    changed = []
    for name, page in PAGES.items():
        path, text = ROOT / "docs" / name, page()
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            changed.append(name)
            if not options.check:
                path.write_text(text, encoding="utf-8")
    if changed and options.check:
        sys.stderr.write(
            f"Not in step: {', '.join(changed)}.\n"
            "Run python -m tidegauge.site.generate and commit the result.\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
