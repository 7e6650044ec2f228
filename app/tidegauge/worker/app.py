"""The Faust app of a worker, and running it."""

import asyncio
import hashlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Collection, Mapping
from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.tables import TableManager
from faust.transport.drivers import TRANSPORTS
from mode.supervisors import CrashingSupervisor

from tidegauge.worker.exits import BUG, OK, WorkerError, exit_code
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.shell import Shell
from tidegauge.worker.stage import StageSpec
from tidegauge.worker.status import Phase, StatusBoard
from tidegauge.worker.transport import FAUST_LOG, ChunkSchema

log = logging.getLogger(__name__)

SCHEME = "chunk"
QUEUED_CHUNKS = 4
REQUEST_TIMEOUT = 40.0


class ConsumeOnly(BootStrategy):  # type: ignore[misc] # Faust has no types
    """Transactions have producers of their own, and status has its own HTTP thread."""

    enable_kafka_producer = False
    enable_web = False


class NoTables(TableManager):  # type: ignore[misc] # Faust has no types
    """Faust waits a second for tables to be declared; there are none."""

    async def sleep(self, *_: Any, **__: Any) -> None:
        """Go on at once."""


class WorkerApp(faust.App):  # type: ignore[misc] # Faust has no types
    """A Faust app that knows its shell."""

    BootStrategy = ConsumeOnly
    logger = FAUST_LOG
    shell: Shell

    def _create_directories(self) -> None:
        """Faust would make one for tables on disk, of which there are none."""


class ShellWorker(faust.Worker):  # type: ignore[misc] # Faust has no types
    """Faust's worker; only SIGTERM and SIGINT mean something to it."""

    logger = FAUST_LOG
    signalled = False

    def install_signal_handlers(self) -> None:
        """Stop on SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, self._stop_by, number)

    def _stop_by(self, number: signal.Signals) -> None:
        if not self.signalled:
            self.signalled = True
            log.info("event=stopping signal=%s", number.name)
            self.app.shell.stop_requested()
            self._flag_as_shutdown_by_signal()
            self._schedule_shutdown(number)


def make_app(
    settings: ShellSettings,
    specs: Collection[StageSpec],
    board: StatusBoard | None = None,
    on_topics: Callable[[Mapping[str, int]], None] = lambda _: None,
    on_status: Callable[[], None] = lambda: None,
) -> Any:
    """Build the Faust app of a worker.

    Args:
        settings: Settings of the shell.
        specs: The stages it runs.
        board: Where the status is left.
        on_topics: Told how many partitions each topic has, before any stage is made.
        on_status: Called whenever the status was left anew.

    Returns:
        The `faust.App`; its ``shell`` must be prepared before it starts.
    """
    TRANSPORTS.aliases[SCHEME] = "tidegauge.worker.transport:ChunkTransport"
    servers = settings.outside.client_options["bootstrap_servers"]
    first = servers.split(",")[0] if isinstance(servers, str) else servers[0]
    app = WorkerApp(
        settings.group,
        # the clients are built from the options; Faust only needs the scheme
        broker_consumer=f"{SCHEME}://{first}",
        broker_producer=f"kafka://{first}",
        store="memory://",
        TableManager=NoTables,
        canonical_url=f"http://{_member_name(settings)}:1",
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        stream_buffer_maxsize=QUEUED_CHUNKS,
        agent_supervisor=CrashingSupervisor,
        web_enabled=False,
        worker_redirect_stdouts=False,
        broker_request_timeout=max(REQUEST_TIMEOUT, settings.session_timeout),
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.heartbeat_interval,
        broker_rebalance_timeout=settings.rebalance_timeout,
    )
    app.shell = Shell(settings, specs, board or StatusBoard(), on_topics, on_status)
    app.shell.app = app
    topics = [topic for spec in specs for topic in spec.inputs]
    app.agent(app.topic(*topics, schema=ChunkSchema(), acks=False), name="chunks")(app.shell.handle)
    app.on_partitions_revoked.connect(app.shell.on_revoked, weak=False)
    app.on_rebalance_complete.connect(app.shell.on_rebalance_complete, weak=False)
    app.on_before_shutdown.connect(app.shell.on_before_shutdown, weak=False)
    return app


def _member_name(settings: ShellSettings) -> str:
    # The assignor tells workers apart by it. A static member that returns is handed the assignment
    # made for its predecessor, and Faust insists that it bears the name in there.
    if settings.instance_id is not None:
        return hashlib.sha256(settings.instance_id.encode()).hexdigest()[:32]
    return f"{socket.gethostname()}-{os.getpid()}"


def run(
    settings: ShellSettings,
    specs: Collection[StageSpec],
    board: StatusBoard | None = None,
    on_topics: Callable[[Mapping[str, int]], None] = lambda _: None,
    on_status: Callable[[], None] = lambda: None,
) -> int:
    """Run a worker in this thread, which must be the main one, until it ends.

    Args:
        settings: Settings of the shell.
        specs: The stages it runs.
        board: Where the status is left for other threads.
        on_topics: Told how many partitions each topic has, before any stage is made.
        on_status: Called whenever the status was left anew.

    Returns:
        An exit code of `tidegauge.worker.exits`. The process is ended by force where stopping
        takes too long.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app = make_app(settings, specs, board, on_topics, on_status)
    code = _prepare(loop, app.shell)
    return _work(loop, app) if code is None else code


def _prepare(loop: asyncio.AbstractEventLoop, shell: Shell) -> int | None:
    preparing = loop.create_task(shell.prepare())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, preparing.cancel)
    try:
        loop.run_until_complete(preparing)
    except asyncio.CancelledError:
        loop.run_until_complete(shell.log_ends.stop())
        return OK
    except WorkerError as error:
        log.critical("event=worker_refused exit_code=%d error=%r", error.exit_code, str(error))
        shell.board.phase(Phase.FAILED, str(error))
        loop.run_until_complete(shell.log_ends.stop())
        return error.exit_code
    return None


def _work(loop: asyncio.AbstractEventLoop, app: Any) -> int:
    worker = ShellWorker(app, loop=loop, override_logging=False, quiet=True, redirect_stdouts=False)
    worker.spinner = None
    try:
        worker.execute_from_commandline()
    except (Exception, SystemExit):
        if app.shell.death is None and not worker.signalled:
            log.exception("event=worker_crashed exit_code=%d", BUG)
    finally:
        app.shell.stay()
    if app.shell.death is not None:
        return exit_code(app.shell.death)
    return OK if worker.signalled else BUG
