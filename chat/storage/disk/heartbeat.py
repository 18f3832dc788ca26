"""The heartbeat of a machine that uses a SQLite file on a network share: a file beside it that keeps changing.

Locks and shared memory don't work between machines there, and clocks differ. So a file counts as alive if it changes
while another machine watches.
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
"""How often to change the file, in seconds."""

WATCH = 12.0
"""How long a start watches files of others before it believes that these have ended, in seconds."""

USED = (
    "Another machine ({}) is using the same database on a network share. SQLite works for one machine only. "
    "Stop Rivulet there and start it here 15 seconds later, or move to Postgres with bin/move."
)


class Heartbeat:
    """Shows other machines that this one uses a database, and sees whether they do; its workers share one file."""

    def __init__(self, file: Path):
        self.start = f"{file.name}-on-"
        self.folder = file.parent
        self.own = self.folder / f"{self.start}{machine(self.folder)}"
        self.seen: dict[Path, str] = {}

    def begin(self) -> None:
        """Look for other machines, then keep the heartbeat of this one. Raises DatabaseUnusable."""
        self._look_first()
        self._beat()
        threading.Thread(target=self._work, name="heartbeat", daemon=True).start()

    def poll(self) -> dict[Path, str]:
        """Read the files of other machines; return the files that changed since the last time, with their hosts."""
        before, self.seen = self.seen, {path: read(path) for path in self._others()}
        # An empty file is being written at this moment.
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
        # The length is constant: a share can cache a file's length.
        self.own.write_text(f"{socket.gethostname()[:60]:<60} {time.time_ns():020}\n")

    def _work(self) -> None:
        while True:
            time.sleep(BEAT)
            with suppress(OSError):  # the share is away, and so is the database
                self._beat()
                self._yield()

    def _yield(self) -> None:
        """End the process if another machine started meanwhile; of two, both choose the same one."""
        for path, host in self.poll().items():
            if path.name < self.own.name:
                say(USED.format(host), sys.stderr)
                os._exit(exits.CANNOT_START)


def machine(folder: Path) -> str:
    """Name this machine since its last boot, and its mount of a folder: two mounts share no locks."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    return hashlib.sha256(f"{boot} {folder.stat().st_dev}".encode()).hexdigest()[:12]


def read(path: Path) -> str:
    """Read a file; an empty string if that fails."""
    try:
        return path.read_text()
    except (OSError, UnicodeError):
        return ""
