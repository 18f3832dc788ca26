"""Run a scripted server on loopback that sends exact bytes at scripted times.

A script is a list of steps. Each connection takes the next script, and the last one serves all further connections. A
step is bytes to send, a number of seconds to wait, or one of the constants below.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

SILENCE = "say nothing more, and wait until the client leaves"
RESET = "break the connection off with a reset"
OPEN = "let the connection stay open for another request"

Step = bytes | float | str | threading.Event
Script = Sequence[Step]


class Server:
    """Plays scripts, and records its requests and the times at which clients left."""

    def __init__(self, *scripts: Script, bind: str = "127.0.0.1"):
        self.scripts = scripts
        self.requests: list[bytes] = []
        self.connections = 0
        self.arrived = threading.Event()
        self.left = threading.Event()
        self._listener = socket.create_server((bind, 0))
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.host = self.url.removeprefix("http://")

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        hang_up(self._listener)
        for connection in self._open:
            hang_up(connection)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                script = self.scripts[min(self.connections, len(self.scripts) - 1)]
                self.connections += 1
                self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection, script), daemon=True).start()

    def _serve(self, connection: socket.socket, script: Script) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if request := read_request(connection):
                self.requests.append(request)
                self.arrived.set()
                self._play(connection, script)
        except OSError:
            self.left.set()
        finally:
            connection.close()

    def _play(self, connection: socket.socket, script: Script) -> None:
        for step in script:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif step == SILENCE:
                self._await_leaving(connection)
            elif step == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif isinstance(step, threading.Event):
                step.wait(20)
            elif isinstance(step, float | int):
                time.sleep(step)

    def _await_leaving(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        if connection.recv(1) == b"":
            self.left.set()

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the last request."""
        return json.loads(self.requests[-1].partition(b"\r\n\r\n")[2])

    @property
    def head(self) -> dict[str, str]:
        """The headers of the last request, by lower-case name."""
        lines = self.requests[-1].partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def read_request(connection: socket.socket) -> bytes:
    """Read one request with its length; empty if the client leaves without sending one."""
    request = b""
    while b"\r\n\r\n" not in request:
        if not (read := connection.recv(65536)):
            return b""
        request += read
    head, _, body = request.partition(b"\r\n\r\n")
    sizes = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < (int(sizes[0]) if sizes else 0):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def hang_up(connection: socket.socket) -> None:
    """Close a socket and wake its readers."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def head(status: str = "200 OK", *lines: str, chunked: bool = True) -> bytes:
    """Write a response's headers."""
    framing = ("Transfer-Encoding: chunked",) if chunked else ()
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, *framing, "", ""]).encode("latin-1")


def chunk(data: bytes | str) -> bytes:
    """Write one chunk of a chunked body."""
    data = data.encode() if isinstance(data, str) else data
    return b"%x\r\n%b\r\n" % (len(data), data)


END = b"0\r\n\r\n"
"""The end of a chunked body."""


def whole(status: str, body: bytes | str, *lines: str) -> list[Step]:
    """Write a whole response with a length."""
    body = body.encode() if isinstance(body, str) else body
    return [head(status, f"Content-Length: {len(body)}", *lines, chunked=False) + body]


def plain(*texts: bytes | str) -> list[Step]:
    """Write an answer of the chatbot-ui protocol, one chunk for each text."""
    return [head(), *(chunk(text) for text in texts), END]


def sse(*events: Any) -> list[Step]:
    """Write an answer of the OpenAI protocol: other values as JSON, text unchanged."""
    bodies = (event if isinstance(event, str) else json.dumps(event) for event in events)
    return [head("200 OK", "Content-Type: text/event-stream"), *(chunk(f"data: {body}\n\n") for body in bodies), END]


def delta(text: Any, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """Write a chunk of an answer of the OpenAI protocol."""
    return {"choices": [{"index": 0, "delta": {"content": text, **more}, "finish_reason": finish}]}
