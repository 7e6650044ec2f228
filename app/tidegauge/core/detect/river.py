"""River's two detectors, without the rest of ``river.drift``.

The package imports pandas, scipy and scikit-learn for its example data and for detectors that are
not used here: about two seconds of every worker's start, and 100 MB of its memory.
"""

from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType

import river


def _drift(name: str) -> ModuleType:
    folders = [f"{folder}/drift" for folder in river.__path__]
    spec = PathFinder.find_spec(f"river.drift.{name}", folders)
    if spec is None or spec.loader is None:
        raise ImportError(f"river has no module river.drift.{name}; install the pinned version")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ADWIN = _drift("adwin").ADWIN
PageHinkley = _drift("page_hinkley").PageHinkley
