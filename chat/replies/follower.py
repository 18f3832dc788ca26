"""Following a reply: all text so far, then what is new, as it is stored; never more than MOST characters at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import inf

from chat.replies.live import MOST, LiveReply, OwnedReply
from chat.replies.reader import Reader
from chat.server.greenlets import YIELD_SECONDS


class Follower:
    """One watcher of one reply: in memory where this process writes it, else through the process's reader.

    It is sent away after `span` seconds, to come again.
    """

    def __init__(self, reader: Reader, reply_id: int, owned: OwnedReply | None, span: float = inf):
        self.reader = reader
        self.reply_id = reply_id
        self.shown: LiveReply = owned or reader.follow(reply_id)
        self.position = self._within = 0
        self.until = time.monotonic() + span
        self.over = self.dismissed = False

    def dismiss(self) -> None:
        """Send this watcher away at once: it may not see more."""
        self.dismissed = True
        self.shown.wake()

    def detach(self) -> None:
        """Stop watching a reply that goes on."""
        self.over = True

    def next(self, timeout: float) -> str | None:
        """Wait for more text; "" after `timeout` seconds without any, None when no more comes."""
        if self._is_over():
            return None
        text, position = self.shown.wait(self.position, timeout)
        if self.dismissed and self._is_over():
            return None
        if text is None and self.shown.lost:
            self.shown = self.reader.follow(self.reply_id)
            return ""
        return text and self._part_of(text, position)

    def _part_of(self, text: str, position: int) -> str:
        """Take as much of a text as may be given at once; `position` is where it ends."""
        part = text[self._within : self._within + MOST]
        self._within += len(part)
        if self._within == len(text):
            self.position, self._within = position, 0
        if len(part) > MOST // 2:  # there is more: nothing else would let others go on
            time.sleep(YIELD_SECONDS)
        return part

    def so_far(self) -> Iterator[str]:
        """Give the text that is there by now, a part at a time."""
        end = len(self.shown.stored)
        while self.position < end and (text := self.next(0)):
            yield text

    def _is_over(self) -> bool:
        self.over = self.dismissed or time.monotonic() >= self.until
        return self.over

    @property
    def detached(self) -> bool:
        """Tell whether the reply goes on, but not for this watcher: here no longer, or in another process."""
        return self.over or self.shown.drained

    @property
    def attempts(self) -> int:
        """Tell how often the reply was taken up again."""
        return self.shown.attempts

    @property
    def notice(self) -> str:
        """What the provider has to say to the person who waits."""
        return self.shown.notice
