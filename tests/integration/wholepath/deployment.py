"""One deployment under test: settings, topics, real worker processes, what they did."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec
import yaml
from kafka import KafkaAdminClient
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
)
from kafka.structs import TopicPartition
from prometheus_client.parser import text_string_to_metric_families
from wholepath.outcome import Outcome
from wholepath.topic import Message, end_offsets, read_all, send

import tidegauge
from tidegauge.core.collect.state import REFERENCES
from tidegauge.kafka.admin import admin_client, create_missing
from tidegauge.kafka.client import Connection
from tidegauge.kafka.topics import topic_specs
from tidegauge.settings import load
from tidegauge.settings.kafka import TopicNames

QUICK = {
    "commit_interval": "200ms",
    "publish_interval": "1s",
    "session_timeout": "6s",
    "rebalance_timeout": "10s",
}
"""Worker settings under which a test need not wait long."""

PROGRAM = "from tidegauge.cli.main import run; run()"
PATIENCE = 240.0
"""Seconds after which a wait is given up, for small inputs on a busy machine."""
SLOWEST = 250.0
"""Events per second that a busy machine processes at least."""


def wait_until(done: Callable[[], bool], still: Callable[[], object], limit: float) -> None:
    """Ask again and again; fail with what ``still`` says once ``limit`` seconds have passed."""
    deadline = time.monotonic() + limit
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(f"not reached within {limit:g} s: {still()}")
        time.sleep(0.1)


CODECS = ("lz4", "zstd", "snappy", "gzip", None)
"""Ways in which Kafka's clients compress."""


class WorkerProcess:
    """One ``tidegauge worker``.

    Args:
        settings: the file with its settings.
        log: the file for all that it prints.
        options: go before the command.
        more: options of the command.
        program: what Python runs.
    """

    def __init__(
        self,
        settings: Path,
        log: Path,
        options: Iterable[str] = (),
        more: Iterable[str] = (),
        program: str = PROGRAM,
    ) -> None:
        self._log = log
        always = [sys.executable, "-c", program, "--config", str(settings)]
        command = [*always, *options, "worker", *more]
        # settings come from the file alone
        kept = {n: v for n, v in os.environ.items() if not n.startswith("TIDEGAUGE_")}
        kept["PYTHONPATH"] = str(Path(tidegauge.__file__).parents[1])
        with log.open("w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, env=kept)

    @property
    def log(self) -> str:
        """All that it has logged."""
        return self._log.read_text()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Stop it in order; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def wait_active(self, limit: float = 60) -> None:
        """Wait until it has opened a partition."""
        wait_until(lambda: "event=opened" in self.log or not self.alive, lambda: self.log, limit)
        assert self.alive, self.log

    def survives(self, seconds: float) -> bool:
        """Whether it still lives after so long."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def get(self, path: str) -> str:
        """What its HTTP server answers."""
        found = re.search(r"event=serving url=http://([^/\s]+)", self.log)
        assert found, self.log
        connection = HTTPConnection(found[1], timeout=30)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def samples(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """What ``/metrics`` shows, by name and sorted labels."""
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(self.get("/metrics"))
            for sample in family.samples
        }


class Deployment:
    """Topics of their own on a shared broker, and the workers on them.

    Args:
        bootstrap: the broker.
        prefix: the start of all names, different for each deployment.
        folder: for settings and logs.
        partitions: of the input topics.
        settings: more settings, by section.
    """

    def __init__(
        self,
        bootstrap: str,
        prefix: str,
        folder: Path,
        partitions: int,
        settings: Mapping[str, Any],
    ) -> None:
        self.bootstrap = bootstrap
        self.partitions = partitions
        self.workers: list[WorkerProcess] = []
        self._codecs = cycle(CODECS)
        self._looked = False
        self._published = 0
        self._folder = folder
        self.file = folder / f"{prefix}.yaml"
        content = dict(settings)
        content["kafka"] = {"bootstrap": bootstrap, "topic_prefix": prefix, "group": f"{prefix}g"}
        content["topics"] = {"partitions": partitions, "partials_partitions": 2}
        content["worker"] = QUICK | settings.get("worker", {})
        content["http"] = {"port": 0}
        self.file.write_text(yaml.safe_dump(content))
        self.settings = load(self.file, {}, {})
        self.names: TopicNames = self.settings.kafka.topic_names
        specs = topic_specs(self.names, self.settings.topics)
        with admin_client(Connection.of(self.settings.kafka)) as client:
            create_missing(client, specs)

    @cached_property
    def outcome(self) -> Outcome:
        """The outputs; the first look connects, so that a broker may come and go before."""
        self._looked = True
        return Outcome.of_topics(self.bootstrap, self.names)

    def start_worker(
        self, *options: str, more: Iterable[str] = (), program: str = PROGRAM
    ) -> WorkerProcess:
        """Start one more worker; see `WorkerProcess`."""
        log = self._folder / f"{self.file.stem}{len(self.workers)}.log"
        worker = WorkerProcess(self.file, log, options, more, program)
        self.workers.append(worker)
        return worker

    def publish(self, messages: Iterable[Message]) -> int:
        """Publish to the deployment's topics; a message names its topic by role.

        Each call compresses in another way, as clients of different makes do.
        """
        placed = (m._replace(topic=getattr(self.names, m.topic)) for m in messages)
        sent = send(self.bootstrap, placed, next(self._codecs))
        self._published += sent
        return sent

    def wait(self, done: Callable[[Outcome], bool], restart_on: int | None = None) -> Outcome:
        """Read the outputs until ``done`` holds of them; fails when the newest worker ends.

        With ``restart_on``, a worker that ends with this exit code gets a successor, as it would
        from a supervisor.
        """

        def reached() -> bool:
            for dead in (w for w in self.workers[-1:] if not w.alive):
                assert dead.process.returncode == restart_on, dead.log
                self.start_worker()
            self.outcome.read()
            return done(self.outcome)

        wait_until(reached, self._standing, PATIENCE + self._published / SLOWEST)
        return self.outcome

    def _standing(self) -> str:
        tail = self.workers[-1].log[-3000:] if self.workers else ""
        return f"{self.outcome.ledgers()}\n{self.outcome.unfinished()[:10]}\n{tail}"

    def committed(self) -> dict[TopicPartition, int]:
        """The group's offsets of both input topics; empty while no group is known."""
        client = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            groups = client.list_group_offsets(self.settings.kafka.group)
        except (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError):
            return {}
        finally:
            client.close()
        offsets = groups.get(self.settings.kafka.group, groups)
        inputs = (self.names.predictions, self.names.feedback)
        return {tp: at.offset for tp, at in offsets.items() if tp.topic in inputs and at.offset > 0}

    def processed(self) -> int:
        """Offsets of both input topics that are committed."""
        return sum(self.committed().values())

    def adopted(self) -> set[tuple[int, bytes]]:
        """Source partitions, with the models and versions whose reference their state has."""
        state = read_all(self.bootstrap, self.names.collect_state)
        return {(r.partition, r.key) for r in state if r.key and r.key[:1] == REFERENCES}

    def miscounted(
        self, removed: Collection[tuple[str, int, int]] = ()
    ) -> list[tuple[str, int, list[int], int, int]]:
        """Partitions whose stored raw record count is not that of the log up to the position.

        The public input topics must have been read to their ends, too. Each as topic, partition,
        stored mark, end of the log, records before the position; empty when all is exact.

        Args:
            removed: topic, partition and offset of records that retention may have removed.
        """
        wrong = []
        public = (self.names.predictions, self.names.feedback)
        for state, inputs in (
            (
                self.names.collect_state,
                (self.names.predictions, self.names.feedback, self.names.forwarded),
            ),
            (self.names.monitor_state, (self.names.partials,)),
        ):
            marks = {
                record.partition: msgspec.json.decode(record.value)
                for record in read_all(self.bootstrap, state)
                if record.key == b"#pos"
            }
            for topic in inputs:
                records = {(r.partition, r.offset) for r in read_all(self.bootstrap, topic)}
                records |= {(number, offset) for t, number, offset in removed if t == topic}
                for partition, end in end_offsets(self.bootstrap, topic).items():
                    mark = marks.get(partition, {}).get(topic, [0, 0])
                    raw = sum(place == partition and at < mark[0] for place, at in records)
                    unread = end - mark[0] if topic in public else 0
                    if mark[1] != raw or unread:
                        wrong.append((topic, partition, mark, end, raw))
        return wrong

    def end(self) -> None:
        """Kill what still runs."""
        for worker in self.workers:
            if worker.alive:
                worker.kill()
        if self._looked:
            self.outcome.close()
