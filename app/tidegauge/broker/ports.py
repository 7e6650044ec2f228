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
            # two sockets that do not listen may share a port
            if port not in found and _binds(held.enter_context(socket.socket()), host, port):
                found.append(port)
    raise BrokerError(
        f"No {count} free TCP ports on {host} between {_LOWEST} and {_HIGHEST}. "
        "End what occupies them, or name a port."
    )


def free_port(wanted: int, host: str) -> int:
    """The port ``wanted`` of ``host`` if nothing listens on it, else another; 0: any free one."""
    if wanted:
        with socket.socket() as probe:
            if _binds(probe, host, wanted):
                return wanted
    return free_ports(1, host)[0]


def _binds(probe: socket.socket, host: str, port: int) -> bool:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((host, port))
    except OSError:
        return False
    return True
