import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.broker.errors import BrokerError

pytestmark = pytest.mark.broker


def write(bootstrap: str, topic: str, values: list[bytes]) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    if topic not in admin.list_topics():
        admin.create_topics([NewTopic(topic, 1, 1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for value in values:
        producer.send(topic, value).get(timeout=20)
    producer.close()


def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    try:
        return [next(consumer).value for _ in range(count)]
    finally:
        consumer.close()


def listening(bootstrap: str) -> bool:
    host, port = bootstrap.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_two_at_once_keep_their_data_apart_through_kill_and_stop(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "a") as a, EmbeddedBroker(tmp_path / "b") as b:
        assert a.bootstrap != b.bootstrap
        write(a.bootstrap, "notes", [b"before kill"])
        write(b.bootstrap, "notes", [b"other"])
        a.kill()
        assert not a.running
        assert not listening(a.bootstrap)
        assert read(b.bootstrap, "notes", 1) == [b"other"]
        a.start()
        a.wait_ready()
        write(a.bootstrap, "notes", [b"after kill"])
        a.stop()
        assert not listening(a.bootstrap)
        a.start()
        a.wait_ready()
        assert read(a.bootstrap, "notes", 2) == [b"before kill", b"after kill"]
    assert not listening(a.bootstrap)
    assert not listening(b.bootstrap)


def test_the_data_outlives_the_object_and_wipe_ends_it(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as first:
        write(first.bootstrap, "notes", [b"kept"])
        with pytest.raises(BrokerError, match="stop it before"):
            first.wipe()
    second = EmbeddedBroker(tmp_path)
    with second:
        assert read(second.bootstrap, "notes", 1) == [b"kept"]
    second.wipe()
    assert second.log_path.exists()
    with second:
        admin = KafkaAdminClient(bootstrap_servers=second.bootstrap)
        assert "notes" not in admin.list_topics()
        admin.close()


def test_a_start_that_fails_shows_the_end_of_the_log(tmp_path: Path) -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        broker = EmbeddedBroker(tmp_path, port=occupied.getsockname()[1])
        with pytest.raises(BrokerError, match="Address already in use") as caught:
            broker.__enter__()
    assert str(broker.log_path) in str(caught.value)
    assert not broker.running


def test_a_wrong_property_is_told_in_the_words_of_kafka(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path, properties={"num.io.threads": "many"})
    with pytest.raises(BrokerError, match=r"cannot be formatted[\s\S]*num\.io\.threads"):
        broker.start()


PARENT = """
import sys
from pathlib import Path
from tidegauge.broker.embedded import EmbeddedBroker

broker = EmbeddedBroker(Path(sys.argv[1]))
broker.start()
broker.wait_ready()
print(broker.bootstrap, flush=True)
try:
    sys.stdin.read()
except KeyboardInterrupt:
    print("running" if broker.running else "dead", flush=True)
    broker.stop()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_dies_with_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        bootstrap = parent.stdout.readline().strip()
        assert listening(bootstrap)
        parent.send_signal(how)
        assert wait_until(lambda: not listening(bootstrap), 20)
    with EmbeddedBroker(tmp_path) as again:
        assert listening(again.bootstrap)


def test_ctrl_c_reaches_the_parent_only(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        bootstrap = parent.stdout.readline().strip()
        os.killpg(parent.pid, signal.SIGINT)  # what a terminal does
        assert parent.stdout.readline().strip() == "running"
        assert parent.wait(30) == 0
    assert not listening(bootstrap)


def test_the_session_broker_serves(broker: object, topic_prefix: str) -> None:
    bootstrap: str = broker.bootstrap  # type: ignore[attr-defined]
    write(bootstrap, topic_prefix + "notes", [b"hello"])
    assert read(bootstrap, topic_prefix + "notes", 1) == [b"hello"]
