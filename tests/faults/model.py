"""Serve a model that plays byte-exact scripts, and answers other questions with numbered words: w0 w1 w2 ...

The words reveal order, gaps and duplicates. The question says how to answer: "@name 60 0.05" asks for 60 words, 0.05 s
apart, or for the script of that name. A question with a part of its own answer, as an adopted reply sends it, gets the
words after that part.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from typing import Any, Self

from tests.providers.server import END, RESET, SILENCE, Script, chunk, delta, hang_up, head, read_request, whole
from tests.scripted import Gate

QUESTION = re.compile(r"@([\w-]+) (\d+) ([\d.]+)")
HEAD = head("200 OK", "Content-Type: text/event-stream")
FOREVER = 600.0
"""How many seconds a silent script waits for the client to leave."""


def is_question(message: dict[str, str]) -> bool:
    """Tell a user's question from the instruction that tells an adopted reply to go on."""
    return message["role"] == "user" and "@" in message["content"]


def question(name: str, words: int = 20, pause: float = 0.02) -> str:
    """Write a question that asks for a number of words, with a pause in seconds between them."""
    return f"@{name} {words} {pause}"


def said(text: str) -> bytes:
    """Write a piece of an answer."""
    return chunk(f"data: {json.dumps(delta(text))}\n\n")


def thought(text: str) -> bytes:
    """Write a piece of reasoning."""
    return chunk(f"data: {json.dumps(delta('', reasoning_content=text))}\n\n")


def words(first: int, last: int) -> list[bytes]:
    """Write the pieces of the words from one number to before another."""
    return [said(f"w{number} ") for number in range(first, last)]


def ending(reason: str = "stop") -> bytes:
    """Write the end of an answer."""
    return chunk(f"data: {json.dumps(delta('', reason))}\n\n") + chunk("data: [DONE]\n\n") + END


class Model:
    """The server; `calls` counts each name's questions, `gone` the ones whose client left before the end."""

    def __init__(self) -> None:
        self.scripts: dict[str, list[list[Any]]] = defaultdict(list)
        self.calls: Counter[str] = Counter()
        self.gone: Counter[str] = Counter()
        self.askers: dict[str, int] = {}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._open: set[socket.socket] = set()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        hang_up(self._listener)
        for connection in list(self._open):
            hang_up(connection)

    def will_play(self, name: str, *scripts: Script | list[Any]) -> None:
        """Script the answers to a question, one for each call; the last one serves all further calls.

        A step is bytes, seconds to wait, a Gate, or SILENCE and RESET of tests.providers.server.
        """
        self.scripts[name] = [list(script) for script in scripts]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = ""
        try:
            request = read_request(connection)
            if request.startswith(b"GET"):
                self._list(connection)
            elif request:
                name, script = self._script(request, connection.getpeername()[1])
                for step in script:
                    self._take(connection, step)
        except OSError:
            self.gone[name] += 1
        finally:
            self._open.discard(connection)
            connection.close()

    def _list(self, connection: socket.socket) -> None:
        body = json.dumps({"object": "list", "data": [{"id": "small", "object": "model"}]})
        connection.sendall(b"".join(step for step in whole("200 OK", body) if isinstance(step, bytes)))

    def _script(self, request: bytes, port: int) -> tuple[str, list[Any]]:
        asked = json.loads(request.partition(b"\r\n\r\n")[2])["messages"]
        place = max((number for number, message in enumerate(asked) if is_question(message)), default=0)
        found = QUESTION.search(asked[place]["content"])
        name = found[1] if found else ""
        self.askers[name] = port
        self.calls[name] += 1
        if self.scripts[name]:
            return name, self.scripts[name][min(self.calls[name], len(self.scripts[name])) - 1]
        partial = "".join(message["content"] for message in asked[place + 1 :] if message["role"] == "assistant")
        first = 1 + max(map(int, re.findall(r"w(\d+)", partial)), default=-1)
        return name, numbered(first, int(found[2]) if found else 1, found[3] if found else "0")

    def _take(self, connection: socket.socket, step: Any) -> None:
        if isinstance(step, bytes):
            connection.sendall(step)
        elif isinstance(step, Gate):
            step.reached.set()
            wait_for(connection, step.opened)
        elif step == SILENCE:
            wait_for(connection, threading.Event())
        elif step == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        else:
            time.sleep(step)


def numbered(first: int, last: int, pause: str) -> list[Any]:
    """Write the script of numbered words."""
    steps: list[Any] = [HEAD]
    for word in words(first, last):
        steps += [word, float(pause)]
    return [*steps, ending()]


def wait_for(connection: socket.socket, opened: threading.Event) -> None:
    """Wait until a gate opens. Raises ConnectionError if the client leaves first."""
    connection.settimeout(0.02)
    deadline = time.monotonic() + FOREVER
    while not opened.is_set() and time.monotonic() < deadline:
        with suppress(TimeoutError):
            if connection.recv(1) == b"":
                raise ConnectionError
    connection.settimeout(None)
