"""Start servers from a process that has their libraries loaded, which saves half of each start.

`ForkServer` runs this file as a program, which reads requests and writes answers, each a line of JSON. It loads none of
our code, so that a worker still loads it after gevent has patched Python, as it is deployed.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

LIBRARIES = (
    "gunicorn.arbiter",
    "gunicorn.workers.ggevent",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.dialects.postgresql",
    "alembic.command",
    "flask",
    "msgspec",
    "argon2",
    "pygments",
    "charset_normalizer",
    "http.cookies",
    "comrak",
    "math_core",
    "nh3",
)
"""Libraries that keep nothing that gevent replaces and that could wait; tests/test_fork_server.py checks it."""


class ForkServer:
    """The program, as its clients see it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server"],
            cwd=ROOT,
            env={"PATH": os.environ.get("PATH", "")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        atexit.register(self.close)

    def ask(self, **request: object) -> Any:
        """Send a request; return the answer."""
        assert self._program.stdin and self._program.stdout
        with self._lock:
            print(json.dumps(request), file=self._program.stdin, flush=True)
            return json.loads(self._program.stdout.readline())

    def close(self) -> None:
        """End the program; what it has started goes on."""
        self._program.communicate()


class Forked:
    """A process that the program started; subprocess.Popen has the same names."""

    def __init__(self, server: ForkServer, pid: int):
        self._server, self.pid = server, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, None if it runs."""
        if self.returncode is None:
            ended, status = self._server.ask(reap=self.pid)
            self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait for the end; return the exit code."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.01)
        return code

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)


fork_server = cache(ForkServer)
"""The one of this process; it ends with it."""


def start(module: str, *arguments: str, environ: Mapping[str, str], log: Path) -> Forked:
    """Run `python -m module` in the repository and in its own session; append what it prints to a file."""
    server = fork_server()
    return Forked(server, server.ask(argv=[module, *arguments], environ=dict(environ), log=str(log)))


def main() -> None:
    """Load the libraries and answer requests; in a new process, run its module."""
    gc.disable()
    for library in LIBRARIES:
        import_module(library)
    metadata.entry_points = metadata.entry_points().select  # gevent asks 25 times, and each searches all packages
    gc.freeze()  # a process that looks for garbage copies the memory that it shares
    for line in sys.stdin:
        request = json.loads(line)
        if "reap" in request:
            answer(os.waitpid(request["reap"], os.WNOHANG))
        elif not os.fork():
            return run(**request)


def answer(value: object) -> None:
    print(json.dumps(value), flush=True)


def run(argv: list[str], environ: dict[str, str], log: str) -> None:
    """Make this process what a new one would be, and run a module in it."""
    os.setsid()
    answer(os.getpid())
    gc.enable()
    atexit.register(thaw, gc.get_freeze_count())
    for descriptor, path in (0, os.devnull), (1, log), (2, log):
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        os.dup2(file, descriptor)
        os.close(file)
    os.environ.update(environ)
    time.tzset()
    sys.argv[1:] = argv[1:]
    runpy.run_module(argv[0], run_name="__main__", alter_sys=True)


def thaw(frozen: int) -> None:
    """Let Python clear up at the end of a process that has frozen nothing itself."""
    if gc.get_freeze_count() <= frozen:
        gc.unfreeze()


if __name__ == "__main__":
    main()
