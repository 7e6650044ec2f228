"""Builds the documentation site into ``build/site``; a warning or a broken link is an error.

To read it: ``python -m http.server --directory build/site``.
"""

import subprocess
import sys

from tidegauge.site.links import problems
from tidegauge.site.sources import ROOT, SourceError, lay_out

_SOURCES = ROOT / "build" / "docs"
_SITE = ROOT / "build" / "site"


def main() -> int:
    """Build the site; the exit code."""
    try:
        lay_out(_SOURCES)
    except SourceError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    built = subprocess.run(command, cwd=ROOT, check=False)
    if built.returncode:
        return built.returncode
    found = problems(_SITE)
    sys.stderr.writelines(f"{problem}\n" for problem in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
