"""Start a server or another command in its own process, as a platform does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.marked import SECRETS
from tests.serving import OURS, ROOT, ask_health, free_port

PATIENCE = 60.0
KEY = {"SECRET_KEY": SECRETS["SECRET_KEY"]}
"""A key as a platform generates it."""


class Started:
    """A command as a platform runs it: a list of words directly, a line in bash. `said` is its output."""

    def __init__(self, folder: Path, command: str | list[str], **environ: str):
        self.port = free_port()
        self.log = folder / "log"
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        others = {name: secret for name, secret in SECRETS.items() if name not in KEY}
        self.environ = {"INSTANCE": str(folder / "instance"), **others, **environ, "PATH": path, "PORT": str(self.port)}
        OURS.add(self.port)
        words = ["bash", "-c", command] if isinstance(command, str) else command
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                words, cwd=ROOT, env=self.environ, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def health(self) -> bytes:
        """Wait until it answers; return the beginning of the answer."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
                    return ask_health(connection)
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, self.said
                time.sleep(0.05)

    def until_said(self, what: str) -> None:
        """Wait until it has printed a text."""
        deadline = time.monotonic() + PATIENCE
        while what not in self.said:
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop all its processes at once, as a platform does; return the exit code."""
        os.killpg(self.process.pid, how)
        return self.process.wait(PATIENCE)


Start = Callable[..., Started]
