"""How far a run has come, kept beside its data, so that the next one can go on from there."""

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from tidegauge import __version__
from tidegauge.broker.config import DATA
from tidegauge.broker.jars import pinned_jars
from tidegauge.demo.folder import DemoFolder
from tidegauge.demo.plan import Plan
from tidegauge.demo.progress import NOTHING, Progress
from tidegauge.settings import Settings
from tidegauge.settings.duration import milliseconds
from tidegauge.worker.schema import SCHEMA_VERSION

_OTHERS: Final = {
    "version": "was of another version of Tidegauge",
    "kafka": "was of another version of Kafka",
    "from": "began on another day",
    "until": "was to end on another day",
    "speed": "had another speed",
    "models": "had other models",
    "faults": "had other faults",
    "settings": "had other settings",
}
"""What is said where a term is not the same."""
_OF_ONE_RUN: Final[dict[str, bool | set[str]]] = {
    "kafka": {"bootstrap"},
    "http": True,
    "console": True,
    "notify": True,
}
"""Settings that neither events nor state depend on."""


class Bookmark(msgspec.Struct, frozen=True):
    """How far a run has come.

    Attributes:
        terms: What its data depend on; see `terms_of`.
        progress: What was published.
        written_ms: When this was written, ms since the epoch.
        finished: Whether the replay has come to its end.
    """

    terms: dict[str, str]
    progress: Progress
    written_ms: int
    finished: bool = False

    def write(self, path: Path) -> None:
        """Keep it in a file, at once and whole."""
        new = path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(self))
        new.replace(path)


class Course:
    """Where a run begins, and how far it comes.

    Args:
        folder: Its folder.
        terms: What its data depend on; without, no bookmark is kept.
        last: Where it goes on; without, it begins anew.
        age_ms: How long ago that was.
    """

    def __init__(
        self,
        folder: DemoFolder,
        terms: Mapping[str, str] | None = None,
        last: Bookmark | None = None,
        age_ms: int = 0,
    ) -> None:
        self.folder = folder
        self._terms = None if terms is None else dict(terms)
        self.age_ms = age_ms
        self.goes_on = last is not None
        self.progress = NOTHING if last is None else last.progress

    def keep(self, progress: Progress, *, finished: bool = False) -> None:
        """Note how far it has come."""
        if self._terms is not None:
            Bookmark(self._terms, progress, _now_ms(), finished).write(self.folder.bookmark)


def terms_of(plan: Plan, settings: Settings) -> dict[str, str]:
    """All that must be the same for a run to go on where another has stopped."""
    jars = "".join(jar.sha256 for jar in pinned_jars())
    return {
        "version": f"{__version__}, state {SCHEMA_VERSION}",
        "kafka": _digest(jars),
        "from": str(plan.start),
        "until": str(plan.end),
        "speed": str(plan.speed),
        "models": ",".join(plan.models),
        "faults": ",".join(f"{fault.kind}@{fault.start}" for fault in plan.faults),
        "settings": _digest(settings.model_dump_json(exclude=_OF_ONE_RUN)),
    }


def course_of(folder: DemoFolder, plan: Plan, settings: Settings) -> tuple[Course, str]:
    """Where a run begins, and why it does not go on where the last one in the folder has stopped.

    Where it begins anew, the bookmark of the last one is deleted.
    """
    terms, last = terms_of(plan, settings), _found(folder)
    why = ""
    if last is not None:
        age_ms = _now_ms() - last.written_ms
        why = obstacle(last, terms, plan.paced_from_ms, age_ms, settings)
        if not (why or plan.fresh):
            return Course(folder, terms, last, age_ms), ""
    folder.bookmark.unlink(missing_ok=True)
    return Course(folder, terms), "" if plan.fresh else why


def obstacle(
    last: Bookmark, terms: Mapping[str, str], paced_from_ms: int, age_ms: int, settings: Settings
) -> str:
    """Why a run can't go on where the last one stopped, or would show nothing; empty if it can.

    Args:
        last: The bookmark of the last run.
        terms: Of the new one.
        paced_from_ms: Flight time from which on there is something to see.
        age_ms: How long ago it has stopped.
        settings: Of the new one.
    """
    for name, said in _OTHERS.items():
        if last.terms.get(name) != terms[name]:
            return f"the last run {said}"
    if last.finished:
        return "the last run had come to its end"
    if (last.progress.time_ms or 0) < paced_from_ms:
        return "the last run had not come to what there is to see"
    if age_ms > milliseconds(settings.topics.retention):
        return "Kafka deletes the events of the last run, which are too old"
    return ""


def _found(folder: DemoFolder) -> Bookmark | None:
    """The bookmark in the folder, if it can be read and Kafka's data are there as well."""
    if not (folder.broker / DATA).exists():
        return None
    try:
        return msgspec.json.decode(folder.bookmark.read_bytes(), type=Bookmark)
    except (OSError, msgspec.DecodeError):
        return None


def _now_ms() -> int:
    return int(time.time() * 1000)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
