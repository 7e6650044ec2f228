"""Free TCP ports for servers that are about to be started."""

import contextlib
import secrets
import socket
from typing import Final

from tidegauge.broker.errors import BrokerError

# Below what systems hand to outgoing connections (from 32768 on Linux, 49152 on macOS): a client
# that retries a port of that range while its server is down can end up connected to itself, and
# the server then finds its port taken.
_LOWEST: Final = 20_000
_HIGHEST: Final = 32_000
_ATTEMPTS: Final = 1_000


def free_ports(count: int, host: str) -> list[int]:
    """Choose ``count`` different ports of ``host`` on which nothing listens."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for _ in range(_ATTEMPTS):
            if len(found) == count:
                return found
            port = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
            probe = held.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((host, port))
                found.append(port)
    raise BrokerError(
        f"No {count} free TCP ports on {host} between {_LOWEST} and {_HIGHEST}. "
        "End what occupies them, or name a port."
    )
