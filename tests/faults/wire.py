"""A wire between the app and PostgreSQL that breaks, delays or goes silent at a COMMIT that a test chooses.

A COMMIT can be hurt at four places: "before" it reaches the server; "in" it, when it was done and its answer is on its
way; in the middle of that answer ("half"); and "after" the client has the answer. New connections always work.
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
"""Which part of a COMMIT's answer its client gets before it is hurt there."""


@dataclass(frozen=True)
class Fault:
    """What happens to a connection, and where in a COMMIT.

    It breaks; or is held up for some seconds ("delay"); or both its ends hear nothing for that long, and then it breaks
    ("swallow").
    """

    place: str
    how: str = BREAK
    seconds: float = 0


Choose = Callable[[Sequence[str]], Fault | None]
"""Choose a fault to a COMMIT by the statements of its transaction; None spares it."""


def spare(_: Sequence[str]) -> None:
    """Hurt nothing."""


def nth(number: int, fault: Fault) -> Choose:
    """Hurt the COMMIT of a number, counted from 1."""
    numbers = count(1)
    return lambda _: fault if next(numbers) == number else None


def first(fault: Fault, *fragments: str) -> Choose:
    """Hurt the first COMMIT of a transaction whose statements hold all of some fragments."""
    faults = [fault]

    def choose(statements: Sequence[str]) -> Fault | None:
        sql = "\n".join(statements)
        return faults.pop() if faults and all(fragment in sql for fragment in fragments) else None

    return choose


def at_random(chance: random.Random, share: float, faults: Sequence[Fault]) -> Choose:
    """Hurt a share of all COMMITs by one of some faults each."""
    return lambda _: chance.choice(faults) if chance.random() < share else None


class Wire(Relay):
    """A wire to the PostgreSQL at a port; `did` counts its faults."""

    def __init__(self, to: int):
        super().__init__()
        self.to = to
        self.choose: Choose = spare
        self.did: Counter[Fault] = Counter()

    def address(self, url: str) -> str:
        """Give the address of a database by way of this wire."""
        return make_url(url).set(host="127.0.0.1", port=self.port).render_as_string(hide_password=False)

    @contextmanager
    def hurting(self, choose: Choose) -> Iterator[None]:
        """Hurt what is chosen, until the end of the block."""
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
        """Pass messages both ways until either end is gone, or a fault breaks it. Raises OSError."""
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
        """Raises ConnectionError, unless it is a delay."""
        self.wire.did[fault] += 1
        self.silent = fault.how == SWALLOW
        await asyncio.sleep(fault.seconds)
        if fault.how != DELAY:
            raise ConnectionError
