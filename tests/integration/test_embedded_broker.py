import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic

from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.broker.errors import BrokerError

pytestmark = pytest.mark.broker


class HasBootstrap(Protocol):
    bootstrap: str


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


@pytest.mark.chaos
def test_data_survives_kill_and_stop_beside_another_broker(
    tmp_path: Path, broker: HasBootstrap, topic_prefix: str
) -> None:
    topic = topic_prefix + "notes"
    with EmbeddedBroker(tmp_path) as own:
        assert own.bootstrap != broker.bootstrap
        write(own.bootstrap, topic, [b"before kill"])
        write(broker.bootstrap, topic, [b"elsewhere"])
        own.kill()
        assert not own.running
        assert not listening(own.bootstrap)
        assert read(broker.bootstrap, topic, 1) == [b"elsewhere"]
        own.start()
        own.wait_ready()
        write(own.bootstrap, topic, [b"after kill"])
    assert not listening(own.bootstrap)
    later = EmbeddedBroker(tmp_path, quick_start=True)
    with later:
        assert read(later.bootstrap, topic, 2) == [b"before kill", b"after kill"]
        with pytest.raises(BrokerError, match="stop it before"):
            later.wipe()
    later.wipe()
    assert later.log_path.exists()
    with later:
        admin = KafkaAdminClient(bootstrap_servers=later.bootstrap)
        assert topic not in admin.list_topics()
        admin.close()


def test_a_start_that_fails_shows_the_end_of_the_log(tmp_path: Path) -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        port = occupied.getsockname()[1]
        broker = EmbeddedBroker(tmp_path, port=port, quick_start=True)
        with pytest.raises(BrokerError, match="Address already in use") as caught:
            broker.__enter__()
    assert str(broker.log_path) in str(caught.value)
    assert not broker.running


def test_a_port_where_another_kafka_answers_is_not_taken_for_its_own(
    tmp_path: Path, broker: HasBootstrap
) -> None:
    port = int(broker.bootstrap.split(":")[1])
    taken = EmbeddedBroker(tmp_path, port=port, quick_start=True)
    with pytest.raises(BrokerError, match="Address already in use"):
        taken.__enter__()


def test_a_wrong_property_is_told_in_the_words_of_kafka(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path, quick_start=True, properties={"num.io.threads": "many"})
    with pytest.raises(BrokerError, match=r"cannot be formatted[\s\S]*num\.io\.threads"):
        broker.start()


PARENT = """
import sys
from pathlib import Path
from tidegauge.broker.embedded import EmbeddedBroker

broker = EmbeddedBroker(Path(sys.argv[1]), quick_start=True)
broker.start()
broker.wait_ready()
try:
    print(broker.bootstrap, flush=True)
    sys.stdin.read()
except KeyboardInterrupt:
    print("running" if broker.running else "dead", flush=True)
    sys.stdin.read()
"""


def test_it_outlives_ctrl_c_but_not_its_parent(tmp_path: Path) -> None:
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
        assert listening(bootstrap)
        parent.kill()
        assert wait_until(lambda: not listening(bootstrap), 20)
