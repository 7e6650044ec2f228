"""The commit protocol, on the worker's own code, in an order of events that is searched for.

See docs/faults.md for what the model covers and what it does not.
"""

import gc
import logging
from collections.abc import Callable, Collection, Iterator

import pytest
from brokenprotocols import BROKEN
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from protocolmachine import Disturbed, Undisturbed

PLAIN_EXAMPLES = 50
BROKEN_EXAMPLES = 300
"""The first that fails ends the search."""
SEARCH_EXAMPLES = 5_000
STEPS = 40


@pytest.fixture(autouse=True)
def _quietly() -> Iterator[None]:
    """Workers log each fault; and each restore freezes what the collector knows."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
    gc.unfreeze()


def explore(machine: type[Undisturbed], examples: int, phases: Collection[Phase]) -> None:
    # a run of many events is long and draws much, as it must
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            phases=phases,
            report_multiple_bugs=False,
        ),
    )


@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("machine", [Undisturbed, Disturbed])
def test_each_record_counts_once_and_recovery_ends(machine: type[Undisturbed]):
    searching = settings.get_current_profile_name() == "search"
    explore(machine, SEARCH_EXAMPLES if searching else PLAIN_EXAMPLES, tuple(Phase))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_broken_protocol_is_found_out(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[[pytest.MonkeyPatch], None]
):
    broken(monkeypatch)
    with pytest.raises(AssertionError):
        explore(Disturbed, BROKEN_EXAMPLES, [Phase.generate])
