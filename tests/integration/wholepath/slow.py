"""A broker that is slow, or silent, for those who reach it by its second address."""

import asyncio
import contextlib
import threading
from pathlib import Path
from typing import Self

from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.broker.ports import free_ports

HOST = "127.0.0.1"


class Proxy:
    """Passes bytes on between its port and another, late.

    Attributes:
        delay: seconds that all bytes take, in both directions; may be changed at any time.
    """

    def __init__(self, port: int, target: int) -> None:
        self.delay = 0.0
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        serving = asyncio.start_server(self._serve, HOST, port)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)

    def close(self) -> None:
        """End all connections."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        self.delay = 0.0
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0.1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward = await asyncio.open_connection(HOST, self._target)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, onward[1]}
        ways = [(reader, onward[1]), (onward[0], writer)]
        await asyncio.gather(*(self._pass_on(*way) for way in ways), return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(1_000)

        async def write() -> None:
            while (item := await waiting.get())[1]:
                # a delay that is shortened holds for what waits already
                while (early := item[0] + self.delay - loop.time()) > 0:  # noqa: ASYNC110
                    await asyncio.sleep(min(0.05, early))
                writer.write(item[1])
                await writer.drain()

        writing = asyncio.ensure_future(write())
        with contextlib.suppress(OSError):
            while data := await reader.read(256 * 1024):
                await waiting.put((loop.time(), data))
        await waiting.put((loop.time(), b""))
        with contextlib.suppress(OSError):
            await writing
        writer.close()


class SlowBroker:
    """An embedded broker with an address of its own and one behind a `Proxy`."""

    def __init__(self, folder: Path) -> None:
        port, slow, controller, front = free_ports(4, HOST)
        listeners = f"PLAINTEXT://{HOST}:{port},SLOW://{HOST}:{slow}"
        properties = {
            "listeners": f"{listeners},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{port},SLOW://{HOST}:{front}",
            "controller.quorum.bootstrap.servers": f"{HOST}:{controller}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SLOW:PLAINTEXT,"
            "CONTROLLER:PLAINTEXT",
        }
        self.broker = EmbeddedBroker(folder, port=port, quick_start=True, properties=properties)
        self.slow_bootstrap = f"{HOST}:{front}"
        self._ports = front, slow

    def __enter__(self) -> Self:
        self.broker.__enter__()
        self.proxy = Proxy(*self._ports)
        return self

    def __exit__(self, *_: object) -> None:
        self.proxy.close()
        self.broker.stop()
