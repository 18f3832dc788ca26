"""Run a router in front of some backends: an HTTP/1.1 reverse proxy on loopback."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from math import inf

from tests.relay import Relay
from tests.routers.kinds import Kind
from tests.routers.wire import Head, Stream, page, pieces


class Router(Relay):
    """A router in front of some backends, on its own port and in its own thread.

    `did` counts its own pages by status, its cuts, and the backends that refused a connection ("refused").
    """

    def __init__(self, kind: Kind, *backends: int):
        super().__init__()
        self.kind = kind
        self.backends = list(backends)
        self.did: Counter[str] = Counter()
        self._turn = 0
        self._kept: dict[int, list[Stream]] = {}
        self._clients: list[Stream] = []

    @property
    def url(self) -> str:
        """The address at which it listens."""
        return f"http://127.0.0.1:{self.port}"

    def retire(self, backend: int) -> None:
        """Send no more requests to a backend, as a platform does when it tells one to stop."""
        self.backends = [port for port in self.backends if port != backend]

    def restore(self, backend: int) -> None:
        """Send requests to a backend again, once it answers."""
        self.retire(backend)
        self.backends = [*self.backends, backend]

    def die(self) -> None:
        """Pass nothing more on existing connections, as after a change of network; new ones work."""
        for client in self._clients:
            client.is_dead = True

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Stream(reader, writer)
        self._clients.append(client)
        try:
            async with asyncio.timeout(None if self.kind.life == inf else self.kind.life):
                while await self._exchange(client):
                    pass
            await client.close()
        except TimeoutError:
            self.did["cut"] += 1
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            self.did["broken"] += 1
        finally:
            client.abort()

    def _end(self) -> None:
        for kept in self._kept.values():
            for backend in kept:
                backend.abort()

    async def _exchange(self, client: Stream) -> bool:
        """Pass one request on, and its response back; return whether the connection goes on."""
        request = await client.head()
        if request is None:
            return False
        body = await client.reader.readexactly(request.length or 0)
        forwarded = request.forwarded(client.peer, keep=self.kind.reuses) + body
        backend = await self._backend()
        if backend is None:
            return await self._refuse(client, 503)
        try:
            return await self._pass(client, request, forwarded, backend)
        finally:
            backend.close_unless_kept()

    async def _pass(self, client: Stream, request: Head, forwarded: bytes, backend: Stream) -> bool:
        try:
            async with asyncio.timeout(None if self.kind.first == inf else self.kind.first):
                await backend.send(forwarded)
                response = await backend.head()
        except TimeoutError:
            return await self._refuse(client, self.kind.status)
        except OSError:
            response = None
        if response is None:
            return await self._refuse(client, 502)
        await self._answer(client, request, response, backend)
        if self.kind.reuses and response.keeps:
            self._kept.setdefault(backend.port, []).append(backend)
            backend.kept = True
        return request.keeps and response.framed

    async def _refuse(self, client: Stream, status: int) -> bool:
        self.did[str(status)] += 1
        await client.send(page(status))
        return False

    async def _answer(self, client: Stream, request: Head, response: Head, backend: Stream) -> None:
        head = response.backward(request.keeps and response.framed)
        held = bytearray()
        async for piece in self._in_time(pieces(head, backend.reader, request, response)):
            held += piece
            if len(held) >= self.kind.holds:
                await client.send(bytes(held))
                held.clear()
        await client.send(bytes(held))

    async def _in_time(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield what arrives; raise TimeoutError after too long a silence."""
        while True:
            async with asyncio.timeout(None if self.kind.gap == inf else self.kind.gap):
                piece = await anext(body, None)
            if piece is None:
                return
            yield piece

    async def _backend(self) -> Stream | None:
        """Find a running backend, in rotation; skip unreachable ones."""
        until = self._loop.time() + self.kind.waits
        while True:
            self._turn += 1
            first = self._turn % max(1, len(self.backends))
            for port in self.backends[first:] + self.backends[:first]:
                with suppress(OSError):
                    return self._kept_one(port) or await Stream.to(port)
                self.did["refused"] += 1
            if self._loop.time() >= until:
                return None
            await asyncio.sleep(0.05)

    def _kept_one(self, port: int) -> Stream | None:
        """Take a kept connection that is still open."""
        while kept := self._kept.get(port):
            stream = kept.pop()
            if not stream.reader.at_eof() and not stream.writer.is_closing():
                stream.kept = False
                return stream
            stream.abort()
        return None
