"""Renew the pins: ``python -m tidegauge.broker.pin``.

Resolves the broker's dependencies, downloads every jar and writes coordinate, SHA-256 and size to
`jars.txt`. To move to another Kafka, change the versions here, run it, and review the difference.
"""

import tempfile
from pathlib import Path
from typing import Final

from jgo.maven import MavenContext
from rich.console import Console
from rich.progress import track

from tidegauge.broker.jars import PINS, Jar, resolve_jar, sha256_of

ROOTS: Final = (
    "org.apache.kafka:kafka_2.13:4.3.1",
    # Kafka's own artifacts bind their log to nothing; this sends it to log4j, which they include.
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
)
_HEADER: Final = """\
# Apache Kafka and all it runs on: coordinate, SHA-256, size in bytes.
# Written by `python -m tidegauge.broker.pin`; not meant to be edited by hand.
"""


def resolve_coordinates(repository: Path) -> list[str]:
    """The coordinates of the roots and of everything they need at run time, each artifact once."""
    context = MavenContext(repo_cache=repository)
    versions: dict[tuple[str, str], str] = {}
    for root in ROOTS:
        inputs, transitive = context.resolver.resolve([context.create_dependency(root)])
        for needed in (*inputs, *transitive):
            versions.setdefault((needed.groupId, needed.artifactId), needed.version)
    return [f"{group}:{artifact}:{version}" for (group, artifact), version in versions.items()]


def pin(coordinate: str, repository: Path) -> Jar:
    """Download one jar and note what it is."""
    path = resolve_jar(coordinate, repository)
    return Jar(coordinate, sha256_of(path), path.stat().st_size)


def main() -> None:
    """Write the pins beside this file."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as name:
        repository = Path(name)
        coordinates = resolve_coordinates(repository)
        jars = [pin(each, repository) for each in track(coordinates, "Pinning", console=console)]
    lines = (f"{jar.coordinate}  {jar.sha256}  {jar.size}\n" for jar in jars)
    path = Path(__file__).with_name(PINS)
    path.write_text(_HEADER + "".join(lines), encoding="ascii")
    console.print(f"{len(jars)} jars, {sum(jar.size for jar in jars):,} bytes: {path}")


if __name__ == "__main__":
    main()
