"""Run a provider that costs next to nothing: the OpenAI protocol on a bare asyncio server in its own process.

The last message chooses the answer: `bench id=7 tokens=200 rate=20 kind=prose`; a rate of 0 means full speed. GET /log
returns, by id, when each request arrived and when its first token was written, and clears the log. The process prints
its port, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import dataclass, field

from bench.limits import allow_open_files
from bench.stamps import now, stamped
from bench.texts import around

AT_A_TIME = 64
"""How many tokens one stream writes before others have their turn."""

STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
)
OBJECT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
BEFORE = (
    b'data: {"id":"bench","object":"chat.completion.chunk","model":"bench","choices":[{"index":0,"delta":{"content":"'
)
AFTER = b'"},"finish_reason":null}]}\n\n'
LAST = (
    b'data: {"id":"bench","object":"chat.completion.chunk","model":"bench","choices":[{"index":0,"delta":{},'
    b'"finish_reason":"stop"}]}\n\n'
)
MODELS = {"object": "list", "data": [{"id": "bench", "object": "model"}]}

Log = dict[int, list[int]]


@dataclass
class Wish:
    """The answer that a message asks for."""

    id: int = 0
    tokens: int = 20
    rate: float = 0.0
    kind: str = "prose"


def wish_in(text: str) -> Wish:
    """Parse a wish from a message; missing parts keep their defaults."""
    said = dict(re.findall(r"(\w+)=(\S+)", text)) if text.startswith("bench") else {}
    readers = {"id": int, "tokens": int, "rate": float, "kind": str}
    return Wish(**{name: readers[name](value) for name, value in said.items() if name in readers})


class Answering(asyncio.Protocol):
    """One connection with one request."""

    def __init__(self, log: Log):
        self._log = log
        self._heard = bytearray()
        self._said = 0
        self._last = 0
        self._held = False
        self._next: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Answer once the request is complete."""
        self._heard += data
        head, found, body = bytes(self._heard).partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if found and len(body) >= (int(length[1]) if length else 0):
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST"):
            self._begin(json.loads(body)["messages"][-1]["content"])
        elif head.startswith(b"GET /log"):
            self._give(self._log)
            self._log.clear()
        else:
            self._give(MODELS)

    def _give(self, content: object) -> None:
        body = json.dumps(content).encode()
        self._transport.write(OBJECT % (len(body), body))
        self._transport.close()

    def _begin(self, text: str) -> None:
        self._wish = wish_in(text)
        self._start = now()
        self._log[self._wish.id] = [self._start]
        self._transport.write(STREAM)
        self._say()

    def _say(self) -> None:
        """Write the tokens that are due, and schedule the rest."""
        wish = self._wish
        for _ in range(AT_A_TIME):
            if self._said == wish.tokens:
                return self._end()
            if self._held or self._due() > now():
                break
            self._write_token()
        if not self._held:
            loop = asyncio.get_running_loop()
            self._next = loop.call_later(max(0, self._due() - now()) / 1e6, self._say)
        return None

    def _due(self) -> int:
        return self._start + int(self._said / self._wish.rate * 1e6) if self._wish.rate else 0

    def _write_token(self) -> None:
        self._last = max(self._last + 1, now())  # no two tokens of a stream have the same stamp
        before, after = around(self._wish.kind, self._said)
        self._write(b"".join((BEFORE, before, stamped(self._last), after, AFTER)))
        if self._said == 0:
            self._log[self._wish.id].append(self._last)
        self._said += 1

    def _write(self, event: bytes) -> None:
        self._transport.write(b"%x\r\n%b\r\n" % (len(event), event))

    def _end(self) -> None:
        self._write(LAST)
        self._write(b"data: [DONE]\n\n")
        self._transport.write(b"0\r\n\r\n")
        self._transport.close()

    def pause_writing(self) -> None:
        """Pause for a slow reader."""
        self._held = True

    def resume_writing(self) -> None:
        self._held = False
        self._say()

    def connection_lost(self, error: Exception | None) -> None:
        """Stop writing."""
        if self._next:
            self._next.cancel()


@dataclass
class Serving:
    """The server, which runs until its standard input ends."""

    log: Log = field(default_factory=dict)

    async def run(self) -> None:
        """Serve on a port that the system chooses, and print it."""
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        server = await loop.create_server(lambda: Answering(self.log), "127.0.0.1", 0, backlog=2048)
        print(server.sockets[0].getsockname()[1], flush=True)
        loop.add_reader(sys.stdin.fileno(), over.set)
        await over.wait()


if __name__ == "__main__":
    allow_open_files()
    asyncio.run(Serving().run())
