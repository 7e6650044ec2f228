"""Writes ``schemas/``, or checks that it is in step with the models.

Run ``python -m tidegauge.contract.generate`` after a change of the contract; with ``--check``
nothing is written and the exit code is 1 when a file differs.
"""

import json
import sys
from pathlib import Path

import yaml

from tidegauge.contract.asyncapi import asyncapi
from tidegauge.contract.examples import EXAMPLES
from tidegauge.contract.generated import Generated
from tidegauge.contract.json_schema import MODELS, json_schema

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"
"""The folder in a checkout."""


def documents() -> dict[str, str]:
    """The text of every generated file, by its path below the folder."""
    schemas = {f"{name}.schema.json": _json(json_schema(name)) for name in MODELS}
    examples = {f"examples/{name}.json": _json(example) for name, example in EXAMPLES.items()}
    document = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=100)
    return schemas | examples | {"asyncapi.yaml": document}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


GENERATED = Generated(SCHEMAS, documents, "tidegauge.contract.generate")


if __name__ == "__main__":
    sys.exit(GENERATED.main())
