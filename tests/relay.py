"""Pass connections on: a listener on its own port, run by an event loop in a thread, and its streams."""

from __future__ import annotations

import asyncio
import ssl
import threading
from dataclasses import dataclass
from typing import Self

PATIENCE = 20.0


@dataclass
class Stream:
    """One connection; `port` is the port at its other end."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    port: int = 0

    @classmethod
    async def to(cls, port: int) -> Self:
        """Connect to a port of this machine. Raises OSError."""
        return cls(*await asyncio.open_connection("127.0.0.1", port), port)

    @property
    def peer(self) -> str:
        """The address of the other end."""
        return str(self.writer.get_extra_info("peername")[0])

    async def send(self, data: bytes) -> None:
        """Send bytes. Raises OSError."""
        self.writer.write(data)
        await self.writer.drain()

    async def close(self) -> None:
        """Close the connection after all bytes are sent."""
        self.writer.close()
        await self.writer.wait_closed()

    def abort(self) -> None:
        """Close the connection at once."""
        self.writer.transport.abort()


class Relay:
    """Listens while a block runs; a subclass handles each connection."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.port = 0

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The TLS settings; None for plain connections."""
        return None

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(PATIENCE)
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)

    def _run(self, ready: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        self._over = asyncio.Event()
        server = await asyncio.start_server(self._welcome, "127.0.0.1", 0, backlog=256, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._over.wait()
        server.close()
        self._end()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.05)  # the cancelled tasks close their connections meanwhile

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        """Close what outlives one connection."""
