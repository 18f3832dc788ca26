"""Start the servers that are measured, each with its own process tree and a free loopback port."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from bench import processes
from bench.trees import HERE, ROOT, Tree

PATIENCE = 60.0

LIMITS = ("MAX_CONCURRENT_ANSWERS", "MESSAGES_PER_MINUTE", "ANSWERS_AT_ONCE", "SENDS_A_MINUTE")
"""The names of limits, including the names in older commits."""

NO_LIMITS = {f"{name}{whose}": "0" for name in LIMITS for whose in ("", "_PER_ADDRESS")}
"""A load comes from one address, which limits would stop."""


class Unstarted(Exception):
    """A server did not start; the text is its output."""


class Server:
    """A process that serves HTTP; `started` is how many seconds passed until its first 200."""

    def __init__(self, command: Sequence[str], root: Path, folder: Path, port: int, **environ: str):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        self.log = folder / "log"
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=root, env=environ, stdout=log, stderr=log, start_new_session=True
            )
        self._until_up(begun)
        self.started = time.monotonic() - begun

    def _until_up(self, begun: float) -> None:
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() - begun > PATIENCE:
                self.stop()
                raise Unstarted(self.log.read_text())
            time.sleep(0.01)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with closing(connection), suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        return False

    def cpu_seconds(self) -> float:
        return processes.cpu_seconds(self.process.pid)

    def memory(self) -> dict[str, float]:
        """Return its memory in MiB: `rss` and `pss`."""
        return processes.memory(self.process.pid)

    def peak(self) -> processes.Peak:
        """Watch its memory while a block runs."""
        return processes.Peak(self.process.pid)

    def stop(self) -> None:
        """End the process and its children."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def rivulet(folder: Path, upstream: str, workers: int = 1, tree: Tree = HERE, **environ: str) -> Iterator[Server]:
    """Serve a tree's Rivulet with a new database; its provider is at `upstream`."""
    settings = {
        "ACCESS": "open",
        "INSTANCE": str(folder / "instance"),
        "OPENAI_BASE_URL": upstream,
        "OPENAI_MODEL": "bench",
        "LOCAL_MODEL": "off",
        **NO_LIMITS,
    }
    with gunicorn("app:create_app()", folder, workers, tree, **settings, **environ) as server:
        yield server


@contextmanager
def floor(folder: Path, upstream: str, workers: int = 1) -> Iterator[Server]:
    """Serve the bare relay under the same gunicorn."""
    with gunicorn(f"bench.floor:create_app({upstream!r})", folder, workers) as server:
        yield server


@contextmanager
def gunicorn(app: str, folder: Path, workers: int, tree: Tree = HERE, **environ: str) -> Iterator[Server]:
    """Serve an app of a tree while a block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    common = {"PATH": os.environ.get("PATH", ""), "DRAIN_SECONDS": "0.2", "PORT": str(port)}
    command = [tree.python, "-m", "gunicorn", "--workers", str(workers), app]
    server = Server(command, tree.root, folder, port, **common, **environ)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def upstream() -> Iterator[str]:
    """Serve the fake provider while a block runs; yield its address, with its /v1."""
    command = [sys.executable, "-m", "bench.upstream"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        process.stdin.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
