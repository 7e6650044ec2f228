import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from rich.console import Console

from tidegauge.broker import jars
from tidegauge.broker.errors import BrokerError
from tidegauge.broker.jars import Jar, default_cache_dir, fetch_jars, pinned_jars

CONTENT = b"not really a jar"
JAR = Jar("org.example:thing:1.0", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))

Download = Callable[..., Path]


def quiet() -> Console:
    return Console(file=io.StringIO())


def serve(content: bytes) -> Download:
    """A repository that has this content for every coordinate."""

    def resolve(coordinate: str, repository: Path, _progress: object = None) -> Path:
        repository.mkdir(parents=True)
        path = repository / coordinate.replace(":", "-")
        path.write_bytes(content)
        return path

    return resolve


def test_the_pins_are_whole_and_fit_one_folder() -> None:
    pins = pinned_jars()
    assert len({jar.filename for jar in pins}) == len(pins)
    assert all(len(jar.sha256) == 64 and int(jar.sha256, 16) and jar.size > 0 for jar in pins)
    coordinates = {jar.coordinate for jar in pins}
    assert "org.apache.kafka:kafka_2.13:4.3.1" in coordinates
    assert any(
        name.startswith("org.apache.logging.log4j:log4j-slf4j-impl:") for name in coordinates
    )


def test_a_fetched_jar_is_kept_and_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "resolve_jar", serve(CONTENT))
    (path,) = fetch_jars(tmp_path, [JAR], quiet())
    assert path.read_bytes() == CONTENT
    monkeypatch.setattr(jars, "resolve_jar", serve(b"must not be asked"))
    assert fetch_jars(tmp_path, [JAR], quiet()) == [path]
    assert list(path.parent.iterdir()) == [path]


def test_a_fetched_jar_with_a_wrong_hash_is_refused_and_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "resolve_jar", serve(b"something else"))
    with pytest.raises(BrokerError) as caught:
        fetch_jars(tmp_path, [JAR], quiet())
    message = str(caught.value)
    assert JAR.coordinate in message
    assert f"expected SHA-256 {JAR.sha256}" in message
    assert f"actual SHA-256   {hashlib.sha256(b'something else').hexdigest()}" in message
    assert "python -m tidegauge.broker.pin" in message
    assert list((tmp_path / "jars").iterdir()) == []


def test_a_cached_jar_with_a_wrong_hash_stops_with_the_file_to_delete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "resolve_jar", serve(CONTENT))
    (path,) = fetch_jars(tmp_path, [JAR], quiet())
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(BrokerError) as caught:
        fetch_jars(tmp_path, [JAR], quiet())
    assert str(path) in str(caught.value)
    assert JAR.sha256 in str(caught.value)
    assert "Delete that file" in str(caught.value)


def test_a_broken_connection_is_tried_again_in_a_fresh_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Path] = []

    def breaks_first(coordinate: str, repository: Path, progress: object) -> Path:
        tried.append(repository)
        path = serve(CONTENT)(coordinate, repository, progress)
        if len(tried) == 1:
            path.write_bytes(CONTENT[:3])
            raise requests.ConnectionError("reset by peer")
        return path

    monkeypatch.setattr(jars, "resolve_jar", breaks_first)
    (path,) = fetch_jars(tmp_path, [JAR], quiet())
    assert path.read_bytes() == CONTENT
    assert len(set(tried)) == 2


def test_a_repository_that_cannot_be_reached_is_told_with_the_jar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> Path:
        raise requests.ConnectionError("no route to host")

    monkeypatch.setattr(jars, "resolve_jar", refuse)
    with pytest.raises(BrokerError, match=r"org\.example:thing:1\.0 .*no route to host") as caught:
        fetch_jars(tmp_path, [JAR], quiet())
    assert "HTTPS_PROXY" in str(caught.value)


def test_two_that_fetch_at_once_both_get_a_whole_jar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "resolve_jar", serve(CONTENT))
    with ThreadPoolExecutor(8) as pool:
        fetches = [pool.submit(fetch_jars, tmp_path, [JAR], quiet()) for _ in range(32)]
    for fetch in fetches:
        (path,) = fetch.result()
        assert path.read_bytes() == CONTENT


def test_the_cache_is_where_the_platform_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "tidegauge"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setattr("sys.platform", "darwin")
    assert default_cache_dir() == Path("/home/someone/Library/Caches/tidegauge")
    monkeypatch.setattr("sys.platform", "linux")
    assert default_cache_dir() == Path("/home/someone/.cache/tidegauge")
