"""A folder of generated files: writes it, or checks that it is in step with what generates it."""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Generated:
    """A folder whose files are all generated.

    Attributes:
        folder: Where it is in a checkout.
        documents: Gives the text of every file, by its path below the folder.
        module: The module that is run to write it.
    """

    folder: Path
    documents: Callable[[], Mapping[str, str]]
    module: str

    def differences(self, folder: Path) -> list[str]:
        """Files that are missing, superfluous or different, as paths below ``folder``."""
        wanted = self.documents()
        found = {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in folder.rglob("*")
            if path.is_file()
        }
        return sorted(
            name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)
        )

    def main(self, arguments: list[str] | None = None) -> int:
        """Writes or checks, as the arguments say; the exit code."""
        parser = argparse.ArgumentParser(
            prog=f"python -m {self.module}", description=f"Write {self.folder.name}, or check it."
        )
        parser.add_argument("--check", action="store_true", help="compare and write nothing")
        parser.add_argument("--folder", type=Path, default=self.folder, help="where the files are")
        options = parser.parse_args(arguments)
        changed = self.differences(options.folder)
        if not options.check:
            self._write(options.folder, changed)
        elif changed:
            sys.stderr.write(
                f"Not in step: {', '.join(changed)}.\n"
                f"Run python -m {self.module} and commit the result.\n"
            )
            return 1
        return 0

    def _write(self, folder: Path, changed: list[str]) -> None:
        texts = self.documents()
        for name in changed:
            path = folder / name
            if name in texts:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(texts[name], encoding="utf-8")
            else:
                path.unlink()
