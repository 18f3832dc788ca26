"""Following a reply: all text so far at once, then what is new, as it is stored."""

from __future__ import annotations

import time

from chat.database import Database
from chat.replies import log
from chat.replies.running import Running

LOOK = 0.1
"""How often the log of a reply that another process writes is read, in seconds."""


class Follower:
    """One watcher of one reply; reads from memory where this process writes the reply, else from the log."""

    def __init__(self, database: Database, reply_id: int, running: Running | None):
        self.database = database
        self.reply_id = reply_id
        self.running = running
        self.position = 0

    def next(self, timeout: float) -> str | None:
        """Wait for more text; "" after `timeout` seconds without any, None when the reply has ended."""
        if self.running is None:
            return self._from_log(timeout)
        text, self.position = self.running.wait(self.position, timeout)
        if text is None and self.running.lost:
            self.running = None
            return ""
        return text

    @property
    def notice(self) -> str:
        """What the provider has to say to the person who waits."""
        return self.running.notice if self.running else ""

    def _from_log(self, timeout: float) -> str | None:
        deadline = time.monotonic() + timeout
        while True:
            pieces, generating = log.since(self.database, self.reply_id, self.position)
            self.position += len(pieces)
            if pieces or not generating:
                return "".join(pieces) or None
            if time.monotonic() >= deadline:
                return ""
            time.sleep(min(LOOK, max(0, deadline - time.monotonic())))
