"""Run real servers on loopback: the app under gunicorn in its own process, and the model's server."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests import fork_server
from tests.marked import SECRETS
from tests.scripted import PATIENCE, Gate

ROOT = Path(__file__).parent.parent
KEY = SECRETS["SECRET_KEY"]

OURS: set[int] = set()
"""The ports of our own servers: tests/canary.py searches their responses for secrets."""

UNLIMITED = {
    "MAX_CONCURRENT_ANSWERS": "0",
    "MESSAGES_PER_MINUTE": "0",
    "MAX_CONCURRENT_ANSWERS_PER_ADDRESS": "0",
    "MESSAGES_PER_MINUTE_PER_ADDRESS": "0",
}
"""Settings for tests that send much from one address; tests of the limits set their own."""


class Upstream(ThreadingHTTPServer):
    """A server of the OpenAI protocol that plays a test's scripts: pieces of text, and gates to wait at."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Completions)
        self.scripts: list[tuple[str | Gate, ...]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/v1"

    def will_say(self, *script: str | Gate) -> None:
        self.scripts.append(script)

    def handle_error(self, *_: object) -> None:
        """Ignore the error: in tests of stopping, the client has gone."""


class Completions(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Upstream

    def do_GET(self) -> None:
        self._begin("application/json")
        self.wfile.write(b'{"object": "list", "data": [{"id": "small", "object": "model"}]}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        script = self.server.scripts.pop(0) if self.server.scripts else ("Nothing was scripted.",)
        self._begin("text/event-stream")
        for step in script:
            if isinstance(step, Gate):
                step.reached.set()
                step.opened.wait(PATIENCE)
            else:
                self._say({"delta": {"content": step}, "finish_reason": None})
        self._say({"delta": {}, "finish_reason": "stop"})
        self.wfile.write(b"data: [DONE]\n\n")

    def _begin(self, mimetype: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", mimetype)
        self.end_headers()

    def _say(self, choice: dict[str, object]) -> None:
        self.wfile.write(f"data: {json.dumps({'choices': [{'index': 0, **choice}]})}\n\n".encode())
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def upstream() -> Iterator[Upstream]:
    """Serve a scripted model."""
    with Upstream() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()  # a loop whose socket is closed under it turns for ever


class Gunicorn:
    """The app in its own process, as it is deployed."""

    module = "app"

    def __init__(self, folder: Path, model: Upstream, **environ: str):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "stderr"
        self.environ = {
            "PATH": os.environ.get("PATH", ""),
            "INSTANCE": str(folder / "instance"),
            "PORT": str(self.port),
            "OPENAI_BASE_URL": model.url,
            "OPENAI_MODEL": "small",
            "LOCAL_MODEL": "off",
            "DRAIN_SECONDS": "0.2",
            **UNLIMITED,
            **SECRETS,
            **environ,
        }

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self.until_it_answers()

    def launch(self) -> None:
        OURS.add(self.port)
        self.process = fork_server.start("gunicorn", f"{self.module}:create_app()", environ=self.environ, log=self.log)

    def until_it_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        """Tell whether it is reachable."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
                return b"200 OK" in ask_health(connection)
        except OSError:
            return False

    def kill(self) -> None:
        """Kill it at once, as a failing machine does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        OURS.discard(self.port)


def ask_health(connection: socket.socket) -> bytes:
    """Request /healthz; return the beginning of the answer."""
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return connection.recv(100)


@contextmanager
def gunicorn(folder: Path, model: Upstream, **environ: str) -> Iterator[Gunicorn]:
    """Serve the app while a block runs."""
    server = Gunicorn(folder, model, **environ)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
