"""How any client of the cluster is told where it is and how to log in."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tidegauge.settings.kafka import KafkaSettings


@dataclass(frozen=True, slots=True)
class Connection:
    """Address of and login to a cluster; its ``repr`` keeps the password to itself.

    Attributes:
        bootstrap: Brokers to ask first, ``host:port`` with commas between them.
        security_protocol: ``PLAINTEXT``, ``SSL``, ``SASL_PLAINTEXT`` or ``SASL_SSL``.
        sasl_mechanism: ``PLAIN``, ``SCRAM-SHA-256`` or ``SCRAM-SHA-512``, with a SASL protocol.
        sasl_username: User name, with a SASL protocol.
        sasl_password: Password, with a SASL protocol.
        ssl_cafile: PEM file with the authorities to trust; None: those of the system.
    """

    bootstrap: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_cafile: Path | None = None

    @classmethod
    def of(cls, settings: KafkaSettings) -> Self:
        """The connection that the settings describe."""
        password = settings.sasl_password
        return cls(
            bootstrap=settings.bootstrap,
            security_protocol=settings.security_protocol,
            sasl_mechanism=settings.sasl_mechanism,
            sasl_username=settings.sasl_username,
            sasl_password=None if password is None else password.get_secret_value(),
            ssl_cafile=settings.ssl_cafile,
        )


def client_options(connection: Connection) -> dict[str, Any]:
    """Constructor arguments, the same for every client of kafka-python and of aiokafka.

    Both take a ready-made TLS context, which aiokafka demands; certificates and host names are
    always checked.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": connection.bootstrap.split(","),
        "security_protocol": connection.security_protocol,
    }
    if connection.security_protocol.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context(cafile=connection.ssl_cafile)
    if connection.security_protocol.startswith("SASL"):
        options["sasl_mechanism"] = connection.sasl_mechanism
        options["sasl_plain_username"] = connection.sasl_username
        options["sasl_plain_password"] = connection.sasl_password
    return options
