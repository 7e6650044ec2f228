"""Writes ``schemas/``, or checks that it is in step with the models.

Run ``python -m tidegauge.contract.generate`` after a change of the contract; with ``--check``
nothing is written and the exit code is 1 when a file differs.
"""

import argparse
import json
import sys
from pathlib import Path

import yaml

from tidegauge.contract.asyncapi import asyncapi
from tidegauge.contract.examples import EXAMPLES
from tidegauge.contract.json_schema import MODELS, json_schema

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"
"""The folder in a checkout."""


def documents() -> dict[str, str]:
    """The text of every generated file, by its path below the folder."""
    schemas = {f"{name}.schema.json": _json(json_schema(name)) for name in MODELS}
    examples = {f"examples/{name}.json": _json(example) for name, example in EXAMPLES.items()}
    document = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=100)
    return schemas | examples | {"asyncapi.yaml": document}


def differences(folder: Path) -> list[str]:
    """Files that are missing, superfluous or different, as paths below ``folder``."""
    wanted = documents()
    found = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }
    return sorted(
        name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)
    )


def main(arguments: list[str] | None = None) -> int:
    """Writes or checks; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare and write nothing")
    parser.add_argument("--folder", type=Path, default=SCHEMAS, help="where the files are")
    options = parser.parse_args(arguments)
    changed = differences(options.folder)
    if options.check:
        if changed:
            sys.stderr.write(
                f"Not in step with the contract: {', '.join(changed)}.\n"
                "Run python -m tidegauge.contract.generate and commit the result.\n"
            )
        return 1 if changed else 0
    texts = documents()
    for name in changed:
        path = options.folder / name
        if name in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[name], encoding="utf-8")
        else:
            path.unlink()
    return 0


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
