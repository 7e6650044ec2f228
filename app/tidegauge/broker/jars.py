"""The jars of Apache Kafka: pinned by version and SHA-256, fetched once, checked before every use.

The list of jars is `jars.txt` beside this file: coordinate, SHA-256 and size in bytes of each,
written by ``python -m tidegauge.broker.pin``. Nothing is resolved at run time. jgo only carries the
bytes: it writes into place while it downloads, takes a file that exists for good, and just warns of
a wrong checksum, so each jar goes through a private folder, is compared with its pin, and is then
renamed into the cache in one step.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import requests
from jgo.maven import MavenContext, PythonResolver
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from tidegauge.broker.errors import BrokerError

PINS: Final = "jars.txt"
_CONNECTIONS: Final = 8
_ATTEMPTS: Final = 3
_TIMEOUT_SECONDS: Final = 30

ReportBytes = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned jar.

    Attributes:
        coordinate: Maven coordinate, ``group:artifact:version``.
        sha256: SHA-256 of the file, in lower-case hexadecimal.
        size: Size of the file in bytes.
    """

    coordinate: str
    sha256: str
    size: int

    @property
    def filename(self) -> str:
        """The name the file has in the cache."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def pinned_jars() -> tuple[Jar, ...]:
    """All jars the broker runs on, in the order of the class path."""
    text = resources.files("tidegauge.broker").joinpath(PINS).read_text(encoding="ascii")
    rows = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return tuple(Jar(coordinate, sha256, int(size)) for coordinate, sha256, size in rows)


def default_cache_dir() -> Path:
    """The user's cache folder for Tidegauge, where the platform keeps such things."""
    if configured := os.environ.get("XDG_CACHE_HOME"):
        return Path(configured) / "tidegauge"
    caches = Path("Library/Caches") if sys.platform == "darwin" else Path(".cache")
    return Path.home() / caches / "tidegauge"


def fetch_jars(
    cache_dir: Path, jars: Sequence[Jar] | None = None, console: Console | None = None
) -> list[Path]:
    """Make sure that every jar is in the cache and is the one that was pinned.

    Any number of processes may do this at once on one cache.

    Args:
        cache_dir: Folder of the cache, created where missing.
        jars: What to fetch; the pinned jars by default.
        console: Where progress is shown while something is fetched; standard error by default.

    Returns:
        The files, in the order of ``jars``.

    Raises:
        BrokerError: A jar is not the pinned one or cannot be fetched.
    """
    wanted = pinned_jars() if jars is None else jars
    folder = cache_dir / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in wanted if not (folder / jar.filename).exists()]
    if missing:
        with _progress(missing, console or Console(stderr=True)) as report:
            _fetch_all(missing, folder, report)
    for jar in wanted:
        _check_cached(jar, folder / jar.filename)
    return [folder / jar.filename for jar in wanted]


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _progress(jars: Iterable[Jar], console: Console) -> Iterator[ReportBytes]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("Fetching Apache Kafka", total=sum(jar.size for jar in jars))
        yield lambda count: progress.advance(task, count)


def _fetch_all(jars: Sequence[Jar], folder: Path, report: ReportBytes) -> None:
    with ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="jar") as pool:
        fetches = [pool.submit(_fetch, jar, folder, report) for jar in jars]
        try:
            for fetch in fetches:
                fetch.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _fetch(jar: Jar, folder: Path, report: ReportBytes) -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as private:
        fetched = _download(jar, Path(private), report)
        actual = sha256_of(fetched)
        if actual != jar.sha256:
            raise BrokerError(
                f"The fetched jar {jar.coordinate} is not the pinned one and was thrown away.\n"
                f"  expected SHA-256 {jar.sha256}\n"
                f"  actual SHA-256   {actual}\n"
                "Something between here and the Maven repository changed it or broke off: look at "
                "proxies and mirrors, then start again. If the pin itself is out of date, renew it "
                "with `python -m tidegauge.broker.pin` and review the difference."
            )
        fetched.replace(folder / jar.filename)


def _download(jar: Jar, private: Path, report: ReportBytes) -> Path:
    """Download into a folder of its own, since jgo would trust what a broken attempt left."""
    failure: Exception | None = None
    for attempt in range(_ATTEMPTS):
        received = 0

        @contextmanager
        def counted(_name: str, _size: int) -> Iterator[ReportBytes]:
            def count(size: int) -> None:
                nonlocal received
                received += size
                report(size)

            yield count

        try:
            return resolve_jar(jar.coordinate, private / str(attempt), counted)
        except (requests.RequestException, RuntimeError, OSError) as error:
            failure = error
            report(-received)
    raise BrokerError(
        f"Could not fetch the jar {jar.coordinate} in {_ATTEMPTS} attempts: {failure}\n"
        "Check the network and the proxy settings (HTTPS_PROXY), then start again: what was "
        f"fetched so far is kept. Or copy {jar.filename} into {private.parent} from elsewhere."
    ) from failure


def resolve_jar(
    coordinate: str,
    repository: Path,
    progress: Callable[[str, int], AbstractContextManager[ReportBytes]] | None = None,
) -> Path:
    """Have jgo download one jar into the local Maven repository ``repository``, unchecked."""
    context = MavenContext(
        resolver=PythonResolver(progress_callback=progress),
        repo_cache=repository,
        timeout=_TIMEOUT_SECONDS,
    )
    return Path(context.create_dependency(coordinate).artifact.resolve())


def _check_cached(jar: Jar, path: Path) -> None:
    actual = sha256_of(path)
    if actual != jar.sha256:
        raise BrokerError(
            f"The cached jar {jar.coordinate} is not the pinned one: {path}\n"
            f"  expected SHA-256 {jar.sha256}\n"
            f"  actual SHA-256   {actual}\n"
            "Nothing was started. Delete that file and start again; it is then fetched anew. If "
            "the pin itself is out of date, renew it with `python -m tidegauge.broker.pin`."
        )
