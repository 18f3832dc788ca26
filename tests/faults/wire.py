"""Put a wire between the app and PostgreSQL that breaks, delays or goes silent at a chosen COMMIT.

A fault can hurt a COMMIT at four places. "before": before it reaches the server. "in": when it is done and its answer
is on its way. "half": in the middle of that answer. "after": after the client has the answer. New connections always
work.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from sqlalchemy.engine import make_url

from tests.faults.protocol import NO, READY, Message, Session
from tests.relay import Relay, Stream

PLACES = ("before", "in", "half", "after")
BREAK, DELAY, SWALLOW = "break", "delay", "swallow"
SHOWN = {"in": 0.0, "half": 0.5, "after": 1.0}
"""The part of a COMMIT's answer that its client receives before the fault."""


@dataclass(frozen=True)
class Fault:
    """A fault of a connection, and its place in a COMMIT.

    The connection breaks; or it pauses for some seconds ("delay"); or it passes nothing on for that long, and then
    breaks ("swallow").
    """

    place: str
    how: str = BREAK
    seconds: float = 0


Choose = Callable[[Sequence[str]], Fault | None]
"""Chooses a fault for a COMMIT from the statements of its transaction; None spares it."""


def spare(_: Sequence[str]) -> None:
    """Hurt nothing."""


def nth(number: int, fault: Fault) -> Choose:
    """Hurt the COMMIT with a number, counted from 1."""
    numbers = count(1)
    return lambda _: fault if next(numbers) == number else None


def first(fault: Fault, *fragments: str) -> Choose:
    """Hurt the first COMMIT of a transaction whose statements contain all of some fragments."""
    faults = [fault]

    def choose(statements: Sequence[str]) -> Fault | None:
        sql = "\n".join(statements)
        return faults.pop() if faults and all(fragment in sql for fragment in fragments) else None

    return choose


def at_random(chance: random.Random, share: float, faults: Sequence[Fault]) -> Choose:
    """Hurt a share of all COMMITs, each with one of some faults."""
    return lambda _: chance.choice(faults) if chance.random() < share else None


class Wire(Relay):
    """A wire to the PostgreSQL at a port; `did` counts its faults."""

    def __init__(self, to: int):
        super().__init__()
        self.to = to
        self.choose: Choose = spare
        self.did: Counter[Fault] = Counter()

    def address(self, url: str) -> str:
        """Return a database's address through this wire."""
        return make_url(url).set(host="127.0.0.1", port=self.port).render_as_string(hide_password=False)

    @contextmanager
    def hurting(self, choose: Choose) -> Iterator[None]:
        """Hurt the chosen COMMITs while a block runs."""
        self.choose = choose
        try:
            yield
        finally:
            self.choose = spare

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Stream(reader, writer)
        try:
            server = await Stream.to(self.to)
        except OSError:
            client.abort()
            return
        try:
            await Link(self, client, server).run()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            client.abort()
            server.abort()


class Link:
    """One connection through a wire."""

    def __init__(self, wire: Wire, client: Stream, server: Stream):
        self.wire, self.client, self.server = wire, client, server
        self.session = Session()
        self.fault: Fault | None = None
        self.silent = False

    async def run(self) -> None:
        """Pass messages both ways until either end closes, or a fault breaks the connection. Raises OSError."""
        ways = [asyncio.create_task(way) for way in (self._ask(), self._answer())]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.result()
        finally:
            for way in ways:
                way.cancel()

    async def _ask(self) -> None:
        await self._begin()
        while message := await Message.read(self.client.reader):
            if self.session.commits(message):
                self.fault = self.wire.choose(self.session.statements)
            if self.fault and self.fault.place == "before":
                await self._strike(self.fault)
                self.fault = None
            if not self.silent:
                await self.server.send(message.whole)

    async def _begin(self) -> None:
        message = await Message.read(self.client.reader, first=True)
        while message and message.wants_encryption:
            await self.client.send(NO)
            message = await Message.read(self.client.reader, first=True)
        if message:
            await self.server.send(message.whole)

    async def _answer(self) -> None:
        held = b""
        while message := await Message.read(self.server.reader):
            held += message.whole
            if self.silent or (self.fault and message.kind != READY):
                continue
            if self.fault:
                await self._answer_hurt(held, self.fault)
            else:
                await self.client.send(held)
            held, self.fault = b"", None

    async def _answer_hurt(self, answer: bytes, fault: Fault) -> None:
        shown = int(len(answer) * SHOWN[fault.place])
        await self.client.send(answer[:shown])
        await self._strike(fault)
        await self.client.send(answer[shown:])

    async def _strike(self, fault: Fault) -> None:
        """Apply the fault. Raises ConnectionError, except for a delay."""
        self.wire.did[fault] += 1
        self.silent = fault.how == SWALLOW
        await asyncio.sleep(fault.seconds)
        if fault.how != DELAY:
            raise ConnectionError
