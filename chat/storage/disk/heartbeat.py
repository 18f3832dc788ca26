"""Which machines use a SQLite file on a network share: beside it is a file of each, which changes as long as it does.

Locks and shared memory don't reach from one machine to another there, and clocks differ. So a file counts as alive if
it changes while somebody looks.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from chat.server import exits
from chat.server.console import say
from chat.storage.engines import DatabaseUnusable

BEAT = 2.0
"""How often a file changes, in seconds."""

WATCH = 12.0
"""How long a start looks at files of others before it believes that these have ended, in seconds."""

USED = (
    "Another machine ({}) uses the same database on a network share. SQLite serves one machine only: "
    "stop Rivulet there and start this one 15 seconds later, or move to Postgres with bin/move."
)


class Heartbeat:
    """Shows other machines that this one uses a file, and sees whether they do. All its workers are one."""

    def __init__(self, file: Path):
        self.start = f"{file.name}-on-"
        self.folder = file.parent
        self.own = self.folder / f"{self.start}{machine(self.folder)}"
        self.seen: dict[Path, str] = {}

    def begin(self) -> None:
        """Look for other machines, then show this one for as long as the process runs. Raises DatabaseUnusable."""
        self._look_first()
        self._beat()
        threading.Thread(target=self._work, name="heartbeat", daemon=True).start()

    def poll(self) -> dict[Path, str]:
        """Read the files of other machines; gives the ones that have changed since the last time, with their hosts."""
        before, self.seen = self.seen, {path: read(path) for path in self._others()}
        # One that is empty is being written at this moment.
        both = {path: said for path, said in self.seen.items() if said and before.get(path)}
        return {path: said.split()[0] for path, said in both.items() if said != before[path]}

    def _others(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if path.name.startswith(self.start) and path != self.own]

    def _look_first(self) -> None:
        self.poll()
        deadline = time.monotonic() + WATCH
        while self.seen and time.monotonic() < deadline:
            time.sleep(BEAT / 4)
            for host in self.poll().values():
                raise DatabaseUnusable(USED.format(host))
        for path in self.seen:
            path.unlink(missing_ok=True)

    def _beat(self) -> None:
        # Always as long: a share may remember a file's length for a while.
        self.own.write_text(f"{socket.gethostname()[:60]:<60} {time.time_ns():020}\n")

    def _work(self) -> None:
        while True:
            time.sleep(BEAT)
            with suppress(OSError):  # the share is away, as the database is
                self._beat()
                self._yield()

    def _yield(self) -> None:
        """End where a machine came in at the same moment, or while this one slept: of two, one and the same."""
        for path, host in self.poll().items():
            if path.name < self.own.name:
                say(USED.format(host), sys.stderr)
                os._exit(exits.CANNOT_START)


def machine(folder: Path) -> str:
    """Name this machine since its last boot, and its mount of a folder: locks don't reach from mount to mount."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    return hashlib.sha256(f"{boot} {folder.stat().st_dev}".encode()).hexdigest()[:12]


def read(path: Path) -> str:
    """Read a file; nothing where it can't be read, or has gone."""
    try:
        return path.read_text()
    except (OSError, UnicodeError):
        return ""
