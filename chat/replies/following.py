"""Following a reply: all text so far at once, then what is new, as it is stored."""

from __future__ import annotations

import time
from math import inf

from chat.replies.reader import Reader
from chat.replies.running import Running
from chat.replies.shown import Shown


class Follower:
    """One watcher of one reply: in memory where this process writes it, else through the process's reader.

    It is sent away after `span` seconds, to come again.
    """

    def __init__(self, reader: Reader, reply_id: int, running: Running | None, span: float = inf):
        self.reader = reader
        self.reply_id = reply_id
        self.shown: Shown = running or reader.follow(reply_id)
        self.position = 0
        self.until = time.monotonic() + span
        self.over = self.dismissed = False

    def dismiss(self) -> None:
        """Send this watcher away at once: it may not see more."""
        self.dismissed = True
        self.shown.wake()

    def leave(self) -> None:
        """Stop watching a reply that goes on."""
        self.over = True

    def next(self, timeout: float) -> str | None:
        """Wait for more text; "" after `timeout` seconds without any, None when no more comes."""
        if self._is_over():
            return None
        text, self.position = self.shown.wait(self.position, timeout)
        if self.dismissed and self._is_over():
            return None
        if text is None and self.shown.lost:
            self.shown = self.reader.follow(self.reply_id)
            return ""
        return text

    def _is_over(self) -> bool:
        self.over = self.dismissed or time.monotonic() >= self.until
        return self.over

    @property
    def left(self) -> bool:
        """Tell whether the reply goes on, but not for this watcher: here no longer, or in another process."""
        return self.over or self.shown.left

    @property
    def attempts(self) -> int:
        """Tell how often the reply was taken up again."""
        return self.shown.attempts

    @property
    def notice(self) -> str:
        """What the provider has to say to the person who waits."""
        return self.shown.notice
