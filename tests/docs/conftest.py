"""One broker, one worker and one replay of the demo for all pages of the documentation."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from docworld import DocWorld, doc_world


@pytest.fixture(scope="session")
def world(broker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DocWorld]:
    assert shutil.which("kcat"), "kcat is not installed: apt-get install kcat"
    with doc_world(broker.bootstrap, tmp_path_factory.mktemp("world")) as made:
        yield made
