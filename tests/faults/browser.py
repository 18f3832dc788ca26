"""Open raw-socket connections as a browser that remembers every byte it received, and follow replies as the page
does."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode

from tests.rendering.checks import Page

PATIENCE = 30.0
RETRY = 0.3
"""How many seconds a page waits before it follows again."""

WORD = re.compile(r"\bw(\d+)\b")
PARTIAL = re.compile(r'<hx-partial hx-target="([^"]+)" hx-swap="([^"]+)">(.*?)</hx-partial>', re.DOTALL)


@dataclass
class Answer:
    """A whole response: its status, its headers and its body."""

    status: int
    head: str
    body: str


class Browser:
    """A visitor with cookies; `port` is the current server's."""

    def __init__(self, port: int):
        self.port = port
        self.cookie = ""

    def open(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> socket.socket:
        """Send a request; return the socket with the answer."""
        body = urlencode(form or {}).encode()
        fields = {"Host": "localhost", "Connection": "close", "Cookie": self.cookie, **headers}
        if method == "POST":
            fields |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items() if value)
        connection = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        connection.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        return connection

    def ask(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """Send a request and read the whole answer. Raises OSError if there is none."""
        received = bytearray()
        with self.open(method, path, form, **headers) as connection:
            while more := connection.recv(65_536):
                received += more
        answer = read(bytes(received))
        self.cookie = kept(self.cookie, answer.head)
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, **headers)

    def post(self, path: str, **form: str) -> Answer:
        """Post a form as htmx does."""
        return self.ask("POST", path, form, HX_Request="true")

    def send(self, text: str, conversation: int | None = None, **form: str) -> Sent:
        """Send a message; return where its answer is."""
        path = "/conversations" if conversation is None else f"/conversations/{conversation}/messages"
        answer = self.post(path, text=text, **form)
        assert answer.status == 200, answer
        begun = re.search(r"HX-Push-Url: /conversations/(\d+)", answer.head)
        return Sent(int(begun[1]) if begun else conversation or 0, replies_in(answer.body)[-1])

    def follow(self, reply_id: int, cut_after: int | None = None) -> Watching:
        """Watch a reply in the background."""
        return Watching(self, reply_id, cut_after).start()

    def form_key(self) -> str:
        """Read the one-time key of a new page."""
        return unescape(re.findall(r'name="key" value="([^"]+)"', self.get("/").body)[0])


@dataclass(frozen=True)
class Sent:
    """The ids of a message's conversation and reply."""

    conversation: int
    reply: int


def replies_in(page: str) -> list[int]:
    """List the replies on a page."""
    return [int(number) for number in re.findall(r'id="reply-(\d+)"', page)]


def read(received: bytes) -> Answer:
    """Read a response up to where it breaks off. Raises ConnectionError if its headers are incomplete."""
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        raise ConnectionError("the server closed the connection without an answer")
    if b"transfer-encoding: chunked" in head.lower():
        body = b"".join(chunks(body))
    return Answer(int(head.split()[1]), head.decode("latin-1"), body.decode("utf-8", "ignore"))


def kept(cookies: str, head: str) -> str:
    """Return a browser's cookies after a response, as its next request sends them."""
    jar = dict(pair.split("=", 1) for pair in cookies.split("; ") if pair)
    jar.update(re.findall(r"Set-Cookie: ([^=]+)=([^;]*)", head))
    return "; ".join(f"{name}={value}" for name, value in jar.items() if value)


def chunks(body: bytes) -> Iterator[bytes]:
    """Return the contents of a body's chunks, including an incomplete last one."""
    while body:
        size, _, body = body.partition(b"\r\n")
        with suppress(ValueError):
            yield body[: int(size, 16)]
            body = body[int(size, 16) + 2 :]


def reset(connection: socket.socket) -> None:
    """Close the connection with a reset, as a machine that loses power does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@dataclass
class View:
    """The content of a reply's article: the growing part, and the finished form."""

    page: Page = field(default_factory=Page)
    finished: str = ""

    @property
    def text(self) -> str:
        """The visible words."""
        has_grown = not self.finished or "hx-preserve" in self.finished
        return unescape(re.sub(r"<[^>]+>", " ", (self.page.html if has_grown else "") + self.finished))

    def change(self, reply_id: int, data: str) -> None:
        """Apply an event."""
        partials = PARTIAL.findall(data)
        for target, _, html in partials:
            if target == f"#reply-{reply_id}":
                self.finished = html
            elif target == f"#reply-{reply_id}-body":
                self.page.begin(html)
        if not partials:
            self.page.apply_one(data)


@dataclass
class Watching:
    """A page that follows a reply: it reconnects if the connection breaks, and keeps every byte."""

    browser: Browser
    reply_id: int
    cut_after: int | None = None
    received: list[bytearray] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    leaving: bool = False

    def start(self) -> Watching:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def until_over(self, patience: float = 2 * PATIENCE) -> View:
        """Wait for the finished article; return its text."""
        assert self.over.wait(patience), self.received[-1:]
        return list(self.views(len(self.received) - 1))[-1]

    def until_words(self, count: int) -> None:
        """Wait for this many words."""
        deadline = time.monotonic() + PATIENCE
        while self.words_seen() < count:
            assert time.monotonic() < deadline, self.received[-1:]
            time.sleep(0.01)

    def leave(self) -> None:
        self.leaving = True

    def _watch(self) -> None:
        while not self.leaving and not self.over.is_set():
            with suppress(OSError):
                self._look()
            time.sleep(RETRY)

    def _look(self) -> None:
        seen = bytearray()
        with self.browser.open("GET", f"/replies/{self.reply_id}/generation", HX_Request="true") as connection:
            self.received.append(seen)
            while not self.leaving and (more := connection.recv(self._how_much(seen))):
                seen += more
                if self.cut_after is not None and len(seen) >= self.cut_after:
                    self.cut_after = None
                    reset(connection)
                    return
        # A deleted reply no longer exists.
        if b"HTTP/1.1 404" in seen[:20] or f'#reply-{self.reply_id}" hx-swap="'.encode() in seen:
            self.over.set()

    def _how_much(self, seen: bytearray) -> int:
        return 65_536 if self.cut_after is None else max(1, min(65_536, self.cut_after - len(seen)))

    def views(self, number: int) -> Iterator[View]:
        """Return the page's content after each event of one of its connections."""
        view = View()
        with suppress(ConnectionError):
            for event in read(bytes(self.received[number])).body.split("\n\n")[:-1]:
                lines = [line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:")]
                if lines:
                    view.change(self.reply_id, "\n".join(lines))
                yield view

    def words_seen(self) -> int:
        """Return how many words have arrived: the largest number in any byte received, plus one."""
        numbers = re.findall(rb"\bw(\d+)\b(?!$)", b" ".join(self.received))
        return max(map(int, numbers), default=-1) + 1

    def complaints(self) -> Iterator[str]:
        """Complain about views with a missing, repeated or misplaced word."""
        for number in range(len(self.received)):
            for view in self.views(number):
                numbers = [int(word) for word in WORD.findall(view.text)]
                if numbers != list(range(len(numbers))):
                    yield f"reply {self.reply_id} showed {numbers}"
                    break
