"""HTTP/1.1 as a router reads and writes it: heads, bodies with their frames left on, pages of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from tests import relay

HOP = {"connection", "keep-alive"}


@dataclass(frozen=True)
class Head:
    """The first line of a request or response and its fields, as they came."""

    line: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, text: str) -> Self:
        """Take a head apart."""
        line, *rest = text.rstrip("\r\n").split("\r\n")
        parted = (field.partition(":") for field in rest)
        return cls(line, tuple((name, value.strip()) for name, _, value in parted))

    def get(self, name: str) -> str:
        """Give a field in lower case; "" where there is none."""
        return next((value.lower() for known, value in self.fields if known.lower() == name), "")

    @property
    def length(self) -> int | None:
        """How long its body says to be."""
        return int(self.get("content-length")) if self.get("content-length") else None

    @property
    def keeps(self) -> bool:
        """Tell whether its sender keeps the connection."""
        return "close" not in self.get("connection")

    @property
    def chunked(self) -> bool:
        """Tell whether its body comes in chunks."""
        return self.get("transfer-encoding") == "chunked"

    @property
    def status(self) -> int:
        """The status of a response."""
        return int(self.line.split()[1])

    @property
    def framed(self) -> bool:
        """Tell whether a response's end can be known without the end of its connection."""
        return self.chunked or self.length is not None or self.status in {204, 304}

    def forwarded(self, peer: str, keep: bool) -> bytes:
        """Write it for a backend, as it came but for the connection and who asked."""
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
    """Write what is to become of the connection."""
    return (("Connection", "keep-alive" if keep else "close"),)


@dataclass
class Stream(relay.Stream):
    """One connection of the router's."""

    kept: bool = False
    is_dead: bool = False
    """Whether nothing passes any more, though neither end hears of that."""

    async def head(self) -> Head | None:
        """Read a head; None where the connection ends before it."""
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
        """End it, unless it waits for another request."""
        if not self.kept:
            self.abort()


async def pieces(head: bytes, reader: asyncio.StreamReader, request: Head, response: Head) -> AsyncIterator[bytes]:
    """Yield a response as it comes, with its frames. Raises IncompleteReadError where it breaks off."""
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
    """Yield chunks, the last one too."""
    size = 1
    while size:
        line = await reader.readuntil(b"\r\n")
        size = int(line, 16)
        yield line + await reader.readexactly(size + 2)


def page(status: int) -> bytes:
    """Write a router's own error page."""
    body = b"<!doctype html><title>Application error</title><h1>The router's own page</h1>"
    head = f"HTTP/1.1 {status} Error\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n".encode() + body
