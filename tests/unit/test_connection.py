import ssl

import pytest
from pydantic import SecretStr

from tidegauge.kafka.client import Connection, client_options
from tidegauge.settings.kafka import KafkaSettings

LOGIN = KafkaSettings(
    bootstrap="a:1,b:2",
    security_protocol="SASL_SSL",
    sasl_mechanism="SCRAM-SHA-512",
    sasl_username="gauge",
    sasl_password=SecretStr("correct horse"),
)


def test_a_plain_connection_says_nothing_of_logins() -> None:
    options = client_options(Connection.of(KafkaSettings(bootstrap="a:1,b:2")))
    assert options == {"bootstrap_servers": ["a:1", "b:2"], "security_protocol": "PLAINTEXT"}


def test_a_login_over_tls_is_whole() -> None:
    options = client_options(Connection.of(LOGIN))
    context = options.pop("ssl_context")
    assert isinstance(context, ssl.SSLContext)
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert options == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "gauge",
        "sasl_plain_password": "correct horse",
    }


@pytest.mark.parametrize(
    ("protocol", "tls", "login"),
    [("PLAINTEXT", False, False), ("SSL", True, False), ("SASL_PLAINTEXT", False, True)],
)
def test_only_what_the_protocol_uses_is_passed_on(protocol: str, tls: bool, login: bool) -> None:
    connection = Connection("a:1", protocol, "PLAIN", "gauge", "secret")
    options = client_options(connection)
    assert ("ssl_context" in options) == tls
    assert ("sasl_plain_password" in options) == login


def test_the_password_is_not_shown() -> None:
    connection = Connection.of(LOGIN)
    assert "correct horse" in client_options(connection).values()
    assert "correct horse" not in f"{connection!r} {connection}"
