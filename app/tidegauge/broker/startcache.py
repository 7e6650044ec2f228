"""What Java keeps of one start, so that the next ones take half the time.

Java's ahead-of-time cache holds loaded and linked classes and the profiles of their methods. The
first broker that runs without one records it, which takes some seconds when that broker stops; all
later ones start from it. It is bound to the runtime and to the class path, and Java itself passes
over one that does not fit.

Sources: JEP 483, JEP 514 and JEP 515 of the OpenJDK.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_QUIET: Final = "-Xlog:aot*=error"
"""Parts that do not fit are made anew, with a warning for each."""


class StartCache:
    """The cache of one runtime and class path, and how it comes about.

    Args:
        folder: where it is kept between runs.
        made: the file into which a broker records it; gone once it is kept.
        java: the runtime's launcher.
        class_path: of the broker.
    """

    def __init__(self, folder: Path, made: Path, java: Path, class_path: str) -> None:
        release = (java.parents[1] / "release").read_bytes()
        bound_to = hashlib.sha256(b"\0".join((bytes(java), release, class_path.encode())))
        self._kept = folder / f"start-{bound_to.hexdigest()[:16]}.aot"
        self._made = made

    def options(self) -> list[str]:
        """Options of Java that start from what is kept; none while nothing is."""
        return [f"-XX:AOTCache={self._kept}", _QUIET] if self._kept.exists() else []

    def recording(self) -> list[str]:
        """Options of Java that record what is not kept yet."""
        return [] if self._kept.exists() else [f"-XX:AOTCacheOutput={self._made}", _QUIET]

    def keep(self) -> None:
        """Keep what a broker that has stopped has recorded, if it has."""
        if not self._made.exists():
            return
        # renamed in one step, beside others that may do the same
        with contextlib.suppress(OSError):
            number, private = tempfile.mkstemp(dir=self._kept.parent, prefix=".start-")
            os.close(number)
            shutil.copyfile(self._made, private)
            Path(private).replace(self._kept)
        self._made.unlink()
