"""Send messages to each app as its visitor, and watch each answer to its end."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape

from bench.stamps import Chunk, now
from bench.wire import Lost, Wire, body_of, form, joined, request

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
RECONNECTS = (0, 0.5, 1, 2)
"""How many seconds to wait before each attempt to follow a reply."""


@dataclass
class Turn:
    """One message and its answer: when it was `sent`, in microseconds, and the chunk with which its stream `begun`."""

    id: int
    sent: int = 0
    chunks: list[Chunk] = field(default_factory=list)
    begun: int = 0
    ended: bool = False


class Visitor:
    """A client of one app; `prepare` does what a page does before the first message.

    It keeps its connection, as browsers do; with `routed` each request has a new one.
    """

    def __init__(self, port: int, routed: bool = False):
        self._port = port
        self._routed = routed
        self._wire: Wire | None = None

    async def prepare(self) -> None:
        """Get ready to send."""

    async def turn(self, turn: Turn, text: str) -> None:
        """Send a message and keep the chunks of its answer."""
        wire = await self._connected()
        turn.sent = now()
        turn.chunks = await wire.ask(self._question(text))
        turn.ended = True

    def _question(self, text: str) -> bytes:
        raise NotImplementedError

    async def _connected(self) -> Wire:
        """Return the open connection, or a new one."""
        if self._routed:
            self.leave()
        if self._wire is None or not self._wire.open or self._routed:
            self._wire = await Wire.to(self._port)
        return self._wire

    def leave(self) -> None:
        if self._wire:
            self._wire.close()


class OfFloor(Visitor):
    """A visitor of the bare relay, who posts a form."""

    def _question(self, text: str) -> bytes:
        return form("/", {"text": text})


class OfUpstream(Visitor):
    """A client of the fake provider itself, which no app can undercut."""

    def _question(self, text: str) -> bytes:
        body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": text}]}
        return request("POST", "/v1/chat/completions", json.dumps(body).encode(), Content_Type="application/json")


class OfRivulet(Visitor):
    """A browser with htmx: it reads the composer, posts it, and follows the reply."""

    def __init__(self, port: int, routed: bool = False):
        super().__init__(port, routed)
        self._path = "/conversations"
        self._cookie = ""
        self._form: dict[str, str] = {}

    async def prepare(self) -> None:
        """Open the first page; its connection is closed, since a server drops idle ones."""
        wire = await Wire.to(self._port)
        self._read_composer(body_of(await wire.ask(request("GET", "/"))))
        wire.close()

    async def turn(self, turn: Turn, text: str) -> None:
        """Send a message, then follow its reply; keep the chunks of both."""
        wire = await self._connected()
        turn.sent = now()
        answer = await wire.ask(form(self._path, {**self._form, "text": text}, HX_Request="true", Cookie=self._cookie))
        turn.chunks, turn.begun = list(answer), len(answer)
        head, _, page = joined(answer).partition(b"\r\n\r\n")
        replies = re.findall(rb'hx-sse:connect="/replies/(\d+)/generation"', page)
        if replies:
            self._remember(head.decode("latin-1"), page.decode())
            await self._follow(turn, replies[-1].decode())

    def _remember(self, head: str, page: str) -> None:
        if found := re.search(r"set-cookie: (rivulet[^=]*=[^;]+)", head, re.IGNORECASE):
            self._cookie = found[1]
        if found := re.search(r"hx-push-url: (/conversations/\d+)", head, re.IGNORECASE):
            self._path = f"{found[1]}/messages"
        self._read_composer(page)

    def _read_composer(self, page: str) -> None:
        composer = page.partition('id="composer"')[2].partition("</form>")[0]
        self._form = {name: unescape(value) for name, value in HIDDEN.findall(composer)}

    async def _follow(self, turn: Turn, reply: str) -> None:
        """Follow a reply until its finished form arrives; reconnect if a stream ends without it."""
        question = request("GET", f"/replies/{reply}/generation", HX_Request="true", Cookie=self._cookie)
        finished = f'hx-target="#reply-{reply}" hx-swap="outerHTML"'.encode()
        for pause in RECONNECTS:
            await asyncio.sleep(pause)
            with suppress(Lost):
                turn.chunks += await (await self._connected()).ask(question)
            # Search all chunks only if the last ones are not enough: other visitors are being measured meanwhile.
            turn.ended = finished in joined(turn.chunks[-3:]) or finished in joined(turn.chunks)
            if turn.ended:
                return
