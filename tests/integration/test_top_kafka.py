"""The live view on a real broker: what its reader reads, and the program in a terminal."""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from fcntl import ioctl
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata
from samplerecords import alert_at, window_from
from typer.testing import CliRunner

import tidegauge
from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.cli.main import app
from tidegauge.core.alertrecords import Severity
from tidegauge.core.deadletters import DeadLetterRecord
from tidegauge.core.reasons import Reason
from tidegauge.core.records import LedgerRecord, MetricRecord, Quality
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.kafka.admin import admin_client, create_missing
from tidegauge.kafka.client import Connection
from tidegauge.kafka.topics import topic_specs
from tidegauge.live import past
from tidegauge.live.reader import Reader
from tidegauge.live.source import Connected, HistoryRead, Lag, Message, Read, Trouble
from tidegauge.settings.kafka import KafkaSettings, TopicsSettings
from tidegauge.wire.alerts import encode_alert
from tidegauge.wire.dead_letters import encode_dead_letter
from tidegauge.wire.metrics import encode_ledger, encode_metric
from tidegauge.wire.references import encode_reference

pytestmark = pytest.mark.broker

HOUR = 3_600_000
T = 1_360_332_000_000
SECONDS = 30.0


def window(number: int, predictions: int = 10) -> MetricRecord:
    return window_from(
        T + number * HOUR,
        version="3",
        predictions=predictions,
        labelled=10,
        quality=Quality(accuracy=0.9 if number < 9 else 0.5),
    )


ALERT = alert_at(
    T + 9 * HOUR,
    severity=Severity.CRITICAL,
    labels={"alertname": "FeatureDrift", "model": "delay", "feature": "wind\x1b[2J"},
)
LEDGER = LedgerRecord(model="delay", time_ms=T + 10 * HOUR)


class Output:
    """The topics of one test, and a worker's writing to them."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self.names = settings.topic_names
        specs = topic_specs(self.names, TopicsSettings(partitions=3, partials_partitions=2))
        with admin_client(Connection.of(settings)) as client:
            create_missing(client, specs)

    def send(self, *records: tuple[str, dict[str, Any]], commit: bool = True) -> None:
        producer = KafkaProducer(
            bootstrap_servers=self.settings.bootstrap,
            transactional_id=f"{self.settings.topic_prefix}writer",
        )
        producer.init_transactions()
        producer.begin_transaction()
        for topic, record in records:
            producer.send(topic, **record)
        producer.flush()
        if commit:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
        producer.close()

    def settle(self) -> None:
        """Wait until the marks of all transactions are written: a commit returns before."""

        def ends(isolation: str) -> Any:
            with closing(
                KafkaConsumer(
                    bootstrap_servers=self.settings.bootstrap,
                    group_id=None,
                    isolation_level=isolation,
                )
            ) as consumer:
                names = self.names
                topics = (names.alerts, names.metrics, names.references, names.dead_letters)
                places = [(t, p) for t in topics for p in consumer.partitions_for_topic(t)]
                return consumer.end_offsets([TopicPartition(*place) for place in places])

        deadline = time.monotonic() + SECONDS
        while ends("read_committed") != ends("read_uncommitted"):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def metric(self, record: MetricRecord) -> tuple[str, dict[str, Any]]:
        key, value = encode_metric(record)
        return self.names.metrics, {"key": key, "value": value}

    def ledger(self) -> tuple[str, dict[str, Any]]:
        key, value = encode_ledger(LEDGER)
        return self.names.metrics, {"key": key, "value": value}

    def alert(self) -> tuple[str, dict[str, Any]]:
        return self.names.alerts, encode_alert(ALERT)._asdict()


@pytest.fixture
def settings(broker: Any, topic_prefix: str) -> KafkaSettings:
    return KafkaSettings(
        bootstrap=broker.bootstrap, topic_prefix=topic_prefix, group=f"{topic_prefix}group"
    )


@pytest.fixture
def output(settings: KafkaSettings) -> Output:
    return Output(settings)


Until = Callable[[Callable[[list[Message]], bool]], list[Message]]


@pytest.fixture
def reading(settings: KafkaSettings) -> Iterator[Until]:
    """Starts a reader; the messages so far, once they are as a test wants them."""
    with reader_of(Reader(settings)) as until:
        yield until


@contextmanager
def reader_of(reader: Reader) -> Iterator[Until]:
    said: list[Message] = []
    reader.start()

    def until(enough: Callable[[list[Message]], bool]) -> list[Message]:
        deadline = time.monotonic() + SECONDS
        while not enough(said):
            assert time.monotonic() < deadline, said
            said.extend(reader.take())
            time.sleep(0.01)
        return said

    try:
        yield until
    finally:
        reader.stop()


def read(said: list[Message]) -> list[Any]:
    return [a.record for message in said if isinstance(message, Read) for a in message.arrivals]


@pytest.fixture
def written(output: Output) -> Output:
    """Ten windows, one of them twice, an alert, a ledger, a stranger's record and an abort."""
    output.send(*(output.metric(window(n)) for n in range(10)), output.alert(), output.ledger())
    output.send(
        output.metric(window(5, predictions=11)),
        (output.names.metrics, {"key": b"k", "value": b"x"}),
    )
    output.send(output.metric(window(77)), commit=False)
    output.settle()
    return output


def test_the_newest_record_of_each_key_is_read_and_then_what_comes(
    written: Output, reading: Until
) -> None:
    said = reading(lambda messages: HistoryRead() in messages)
    assert said[0] == Connected()
    records = read(said)
    assert records[0] == ALERT, "alerts matter most"
    expected = [window(n, predictions=11 if n == 5 else 10) for n in range(10)]
    windows = [record for record in records if isinstance(record, MetricRecord)]
    assert sorted(windows, key=lambda w: w.start_ms) == expected
    assert len(records) == 12
    assert sum(message.unreadable for message in said if isinstance(message, Read)) == 1
    written.send(written.metric(window(10)))
    assert read(reading(lambda messages: len(read(messages)) > 12))[-1] == window(10)


def test_for_the_console_references_and_every_dead_letter_are_read(
    output: Output, settings: KafkaSettings
) -> None:
    letter = DeadLetterRecord.of(
        reason=Reason.EMPTY, message="m", topic="t", partition=0, offset=1, timestamp_ms=T,
        key=b"k", value=None,
    )  # fmt: skip
    profile = ReferenceProfile(
        id="", model="delay", version="3", effective_from=0, learned_from=None,
        learned_until=None, sample_count=1, features=(), score_counts={}, positive_rate=None,
    ).changed()  # fmt: skip
    key, value = encode_reference(profile)
    refused, content = encode_dead_letter(letter)
    output.send(
        (output.names.references, {"key": key, "value": value}),
        (output.names.references, {"key": b"delay|4", "value": None}),
        *[(output.names.dead_letters, {"key": refused, "value": content})] * 3,
    )
    output.settle()
    with reader_of(Reader(settings, everything=True)) as until:
        said = until(lambda messages: HistoryRead() in messages and len(read(messages)) >= 4)
    assert read(said) == [profile, letter, letter, letter]
    assert not any(message.unreadable for message in said if isinstance(message, Read))


def test_chunks_of_the_past_come_newest_first(
    written: Output, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "CHUNK_RECORDS", 4)
    topic = written.names.metrics
    with closing(KafkaConsumer(bootstrap_servers=settings.bootstrap, group_id=None)) as consumer:
        places = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
        ends = consumer.end_offsets(places)
        begins = dict.fromkeys(places, 0)
        chunks = [chunk for chunk in past.Past(consumer, begins, ends).chunks() if chunk]
        monkeypatch.setattr(past, "MOST_RECORDS", 4)
        few = [r for chunk in past.Past(consumer, begins, ends).chunks() for r in chunk]
    assert len(chunks) > 2
    for place in places:
        offsets = [[r.offset for r in c if r.partition == place.partition] for c in chunks]
        flat = [offset for chunk in offsets for offset in chunk]
        assert flat == sorted(flat, reverse=True)
        assert all(r.offset >= ends[place] - 2 for r in few if r.partition == place.partition)
    keys = [record.key for chunk in chunks for record in chunk]
    assert len(keys) == len(set(keys))


def test_lag_is_that_of_the_workers_group(
    output: Output, settings: KafkaSettings, reading: Until
) -> None:
    names = settings.topic_names
    output.send(*((names.predictions, {"value": b"e", "partition": 0}) for _ in range(5)))
    place = TopicPartition(names.predictions, 0)
    with closing(
        KafkaConsumer(bootstrap_servers=settings.bootstrap, group_id=settings.group)
    ) as consumer:
        consumer.assign([place])
        consumer.commit({place: OffsetAndMetadata(2, "", -1)})
    # three events, and the mark of the transaction that wrote them
    reading(lambda messages: Lag(4) in messages)


def test_a_missing_topic_is_named_and_waited_for(settings: KafkaSettings, reading: Until) -> None:
    said = reading(lambda messages: any(isinstance(m, Trouble) for m in messages))
    assert said[0] == Trouble(
        f"there is no topic {settings.topic_names.alerts} and no topic "
        f"{settings.topic_names.metrics}; `tidegauge topics create` creates it, "
        "kafka.topic_prefix names it"
    )
    output = Output(settings)
    reading(lambda messages: HistoryRead() in messages)
    output.send(output.alert())
    assert read(reading(lambda messages: bool(read(messages)))) == [ALERT]


@pytest.mark.chaos
def test_a_broker_that_is_killed_is_told_and_read_again_once_it_is_back(
    tmp_path: Path, topic_prefix: str
) -> None:
    with EmbeddedBroker(tmp_path, quick_start=True) as own:
        settings = KafkaSettings(bootstrap=own.bootstrap, topic_prefix=topic_prefix)
        output = Output(settings)
        output.send(output.alert())
        with reader_of(Reader(settings)) as until:
            until(lambda said: read(said) == [ALERT])
            own.kill()
            said = until(lambda said: any(isinstance(m, Trouble) for m in said))
            (trouble,) = (m.text for m in said if isinstance(m, Trouble))
            assert own.bootstrap in trouble
            own.start()
            own.wait_ready()
            output.send(output.ledger())
            until(lambda said: LEDGER in read(said))
        # what it had before is read back, for it might be another cluster
        assert said.count(Connected()) == 2
        assert read(said).count(ALERT) == 2


def until_shown(terminal: int, *texts: str) -> str:
    """Read what a program draws until all of the texts were on its screen."""
    shown = ""
    deadline = time.monotonic() + SECONDS
    while not all(text in shown for text in texts):
        ready, _, _ = select.select([terminal], [], [], 1.0)
        if ready:
            drawn = os.read(terminal, 65_536).decode("utf-8", "replace")
            shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn)
        assert time.monotonic() < deadline, shown[-3000:]
    return shown


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("end", ["q", "SIGTERM"])
def test_the_program_shows_the_alert_and_ends_cleanly(settings: KafkaSettings, end: str) -> None:
    controller, terminal = pty.openpty()
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(terminal)
    options = ["-b", settings.bootstrap, "-s", f"kafka.topic_prefix={settings.topic_prefix}"]
    with subprocess.Popen(
        [sys.executable, "-m", "tidegauge", *options, "top"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(tidegauge.__file__).parents[1]),
            "TERM": "xterm-256color",
        },
    ) as process:
        try:
            until_shown(
                controller, "CRIT 1", "FeatureDrift wind\\x1b[2J", "accuracy 50.0%", "-40.0"
            )
            if end == "q":
                os.write(controller, b"q")
            else:
                process.send_signal(signal.SIGTERM)
            os.set_blocking(controller, False)
            assert process.wait(timeout=SECONDS) == 0
        finally:
            process.kill()
    assert b"\x1b[?1049l" in os.read(controller, 1_000_000), "the screen of before is back"
    assert termios.tcgetattr(terminal) == before
    os.close(controller)
    os.close(terminal)


def test_without_a_terminal_it_refuses() -> None:
    result = CliRunner().invoke(app, ["top"])
    assert result.exit_code == 64
    assert "top needs a terminal" in result.stderr
