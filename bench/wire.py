"""Measure over one HTTP connection: keep each chunk and its time of arrival, and parse them later."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlencode

from bench.stamps import Chunk, now

LAST_CHUNK = b"0\r\n\r\n"


class Lost(Exception):
    """The other end closed the connection before its answer was complete."""


class Wire(asyncio.Protocol):
    """A connection that carries one request at a time."""

    def __init__(self) -> None:
        self.open = True
        self.chunks: list[Chunk] = []
        self._whole: asyncio.Future[None] | None = None
        self._length: int | None = None
        self._headed = self._closing = False
        self._tail = b""

    @classmethod
    async def to(cls, port: int) -> Wire:
        """Connect to a loopback port."""
        _, wire = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    async def ask(self, question: bytes) -> list[Chunk]:
        """Send a request and wait for its complete answer. Raises Lost."""
        self.chunks = []
        self._headed, self._length, self._tail = False, None, b""
        self._whole = asyncio.get_running_loop().create_future()
        self._transport.write(question)
        await self._whole
        self.open = self.open and not self._closing
        return self.chunks

    def data_received(self, data: bytes) -> None:
        """Keep each chunk with its time of arrival."""
        self.chunks.append((now(), data))
        if self._headed:
            self._tail = (self._tail + data)[-len(LAST_CHUNK) :]
        else:
            self._read_head()
        if self._headed and self._is_whole() and self._whole and not self._whole.done():
            self._whole.set_result(None)

    def _read_head(self) -> None:
        head, found, body = joined(self.chunks).partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        self._headed = bool(found)
        self._tail = body[-len(LAST_CHUNK) :]  # the body alone: a header that ends in 0 looks like a last chunk
        self._closing = b"\r\nconnection: close" in head.lower()
        self._length = len(head) + 4 + int(length[1]) if length else None

    def _is_whole(self) -> bool:
        if self._length is None:
            return self._tail == LAST_CHUNK
        return sum(len(data) for _, data in self.chunks) >= self._length

    def connection_lost(self, error: Exception | None) -> None:
        """Wake the waiting request with an error."""
        self.open = False
        if self._whole and not self._whole.done():
            self._whole.set_exception(Lost())

    def close(self) -> None:
        self._transport.close()


def request(method: str, path: str, body: bytes = b"", **fields: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if body:
        fields["Content-Length"] = str(len(body))
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([*lines, "", ""]).encode() + body


def form(path: str, values: dict[str, str], **fields: str) -> bytes:
    """Write the request that posts a form."""
    return request("POST", path, urlencode(values).encode(), Content_Type="application/x-www-form-urlencoded", **fields)


def body_of(chunks: list[Chunk]) -> str:
    """Return an answer's body as text, still with its chunk framing."""
    return joined(chunks).partition(b"\r\n\r\n")[2].decode("utf-8", "replace")


def joined(chunks: list[Chunk]) -> bytes:
    return b"".join(data for _, data in chunks)
