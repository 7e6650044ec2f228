"""Deployments for the end-to-end tests, and runs that nothing disturbs."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from wholepath.deployment import Deployment
from wholepath.drifting import SETTINGS, DriftingInput, references
from wholepath.results import Results, finished

Deploy = Callable[..., Deployment]


@pytest.fixture(scope="session")
def deployments(broker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploy]:
    """Makes deployments with names of their own, and ends their workers with the session."""
    made: list[Deployment] = []

    def make(partitions: int, settings: dict[str, Any], bootstrap: str | None = None) -> Deployment:
        folder = tmp_path_factory.mktemp("deployment")
        address = bootstrap or broker.bootstrap
        prefix = f"{tmp_path_factory.getbasetemp().name}-{folder.name}-"
        made.append(Deployment(address, prefix, folder, partitions, settings))
        return made[-1]

    yield make
    for deployment in made:
        deployment.end()


@pytest.fixture
def deploy(deployments: Deploy) -> Iterator[Deploy]:
    """Makes deployments, and ends their workers with the test."""
    made: list[Deployment] = []

    def make(*arguments: Any) -> Deployment:
        made.append(deployments(*arguments))
        return made[-1]

    yield make
    for deployment in made:
        deployment.end()


@pytest.fixture(scope="session")
def undisturbed(deployments: Deploy) -> Callable[[int, int], Results]:
    """The results of a drifting input of so many events on so many partitions, one worker."""

    @cache
    def run(events: int, partitions: int) -> Results:
        world = deployments(partitions, SETTINGS)
        source = DriftingInput(events)
        world.publish(references())
        world.publish(source.messages)
        worker = world.start_worker()
        results = Results.of(world.wait(finished(source)))
        assert worker.stop() == 0
        assert world.miscounted() == []
        world.end()
        return results

    return run
