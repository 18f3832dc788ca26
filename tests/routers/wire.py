"""Read and write HTTP/1.1 as a router does: headers, bodies with their framing, its own pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from tests import relay

HOP = {"connection", "keep-alive"}


@dataclass(frozen=True)
class Head:
    """The first line of a request or response, and its fields, unchanged."""

    line: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, text: str) -> Self:
        line, *rest = text.rstrip("\r\n").split("\r\n")
        parted = (field.partition(":") for field in rest)
        return cls(line, tuple((name, value.strip()) for name, _, value in parted))

    def get(self, name: str) -> str:
        """Return a field in lower case; "" if it is missing."""
        return next((value.lower() for known, value in self.fields if known.lower() == name), "")

    @property
    def length(self) -> int | None:
        """Return the declared length of its body."""
        return int(self.get("content-length")) if self.get("content-length") else None

    @property
    def keeps(self) -> bool:
        """Tell whether its sender keeps the connection."""
        return "close" not in self.get("connection")

    @property
    def chunked(self) -> bool:
        """Tell whether its body is chunked."""
        return self.get("transfer-encoding") == "chunked"

    @property
    def status(self) -> int:
        """The status of a response."""
        return int(self.line.split()[1])

    @property
    def framed(self) -> bool:
        """Tell whether the response's framing shows its end, without the end of the connection."""
        return self.chunked or self.length is not None or self.status in {204, 304}

    def forwarded(self, peer: str, keep: bool) -> bytes:
        """Write it for a backend, changing only the connection and the client's address."""
        added = (("X-Forwarded-For", peer), ("X-Forwarded-Proto", "https"), *connection(keep))
        return self._written(*added)

    def backward(self, keep: bool) -> bytes:
        """Write it for the browser."""
        return self._written(*connection(keep))

    def _written(self, *added: tuple[str, str]) -> bytes:
        own = [field for field in self.fields if field[0].lower() not in HOP]
        lines = [self.line, *(f"{name}: {value}" for name, value in [*own, *added])]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def connection(keep: bool) -> tuple[tuple[str, str], ...]:
    """Write the header that keeps or closes the connection."""
    return (("Connection", "keep-alive" if keep else "close"),)


@dataclass
class Stream(relay.Stream):
    """One connection of the router."""

    kept: bool = False
    is_dead: bool = False
    """Whether nothing passes any more, without either end knowing."""

    async def head(self) -> Head | None:
        """Read the headers; None if the connection ends before them."""
        try:
            text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return None
        if self.is_dead:
            await asyncio.Event().wait()
        return Head.read(text)

    async def send(self, data: bytes) -> None:
        """Send bytes. Raises OSError."""
        if not self.is_dead:
            await super().send(data)

    def close_unless_kept(self) -> None:
        """Close it, unless it waits for another request."""
        if not self.kept:
            self.abort()


async def pieces(head: bytes, reader: asyncio.StreamReader, request: Head, response: Head) -> AsyncIterator[bytes]:
    """Yield a response as it arrives, with its framing. Raises IncompleteReadError if it breaks off."""
    yield head
    if request.line.startswith("HEAD") or response.status in {204, 304}:
        return
    if response.chunked:
        async for chunk in chunks(reader):
            yield chunk
    elif response.length is not None:
        yield await reader.readexactly(response.length)
    else:
        while piece := await reader.read(65_536):
            yield piece


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield chunks, including the last one."""
    size = 1
    while size:
        line = await reader.readuntil(b"\r\n")
        size = int(line, 16)
        yield line + await reader.readexactly(size + 2)


def page(status: int) -> bytes:
    """Write the router's own error page."""
    body = b"<!doctype html><title>Application error</title><h1>The router's own page</h1>"
    head = f"HTTP/1.1 {status} Error\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n".encode() + body
