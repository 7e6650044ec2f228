"""What a worker that starts does about topics that it cannot use, or not yet."""

import asyncio
from collections.abc import Callable, Collection, Mapping

import pytest

from tidegauge.kafka.admin import ClusterError
from tidegauge.worker import backoff, shell
from tidegauge.worker.app import make_app
from tidegauge.worker.exits import RefusedError
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.outside import Outside
from tidegauge.worker.shell import Shell
from tidegauge.worker.status import StatusBoard

SETTINGS = ShellSettings("g", Outside({"bootstrap_servers": ["127.0.0.1:1"]}))


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Mapping[str, int]], None]], None]:
    """Runs the worker's check of its topics against a cluster that answers."""

    async def counts(_outside: Outside, _topics: Collection[str]) -> dict[str, int]:
        return {}

    monkeypatch.setattr(shell, "partition_counts", counts)
    monkeypatch.setattr(backoff, "FIRST_SECONDS", 0.0)

    async def checked(on_topics: Callable[[Mapping[str, int]], None]) -> None:
        await Shell(SETTINGS, (), StatusBoard(), on_topics, lambda: None)._check_topics()

    return lambda on_topics: asyncio.run(checked(on_topics))


def test_a_cluster_that_fails_is_asked_again(check, caplog: pytest.LogCaptureFixture):
    answers = iter([ClusterError("no leader yet"), ConnectionResetError("gone"), None])

    def on_topics(_: Mapping[str, int]) -> None:
        if (error := next(answers)) is not None:
            raise error

    check(on_topics)
    assert next(answers, "all asked") == "all asked"
    assert [r.getMessage().rpartition("error=")[2] for r in caplog.records] == [
        "'no leader yet'",
        "'gone'",
    ]


def test_topics_that_do_not_fit_are_refused_at_once(check):
    def on_topics(_: Mapping[str, int]) -> None:
        raise RefusedError("too few partitions")

    with pytest.raises(RefusedError, match="too few"):
        check(on_topics)


def test_faust_makes_no_directory(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    async def directories() -> None:
        make_app(SETTINGS, ())._create_directories()

    asyncio.run(directories())
    assert list(tmp_path.iterdir()) == []
