"""Followers: each reads all text of a reply so far, then new text as it is stored, at most MOST characters at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import inf

from chat.replies.live import MOST, LiveReply, OwnedReply, join
from chat.replies.reader import Reader
from chat.server.greenlets import YIELD_SECONDS


class Cursor:
    """A place in a reply's pieces: the number of the next piece, and how much of it has been taken."""

    def __init__(self) -> None:
        self.position = self._within = 0

    def take(self, text: str, end: int) -> str:
        """Take at most MOST characters of a text that begins here and ends before the piece of number `end`."""
        part = text[self._within : self._within + MOST]
        self._within += len(part)
        if self._within == len(text):
            self.position, self._within = end, 0
        if len(part) > MOST // 2:  # more will follow, and nothing else here lets other greenlets run
            time.sleep(YIELD_SECONDS)
        return part


class Follower:
    """One watcher of one reply, for `span` seconds. It reads from memory if this process writes the reply.

    Otherwise `shown` is the mirror that the process's reader keeps. If it `listens`, `next` returns for reasoning, too.
    """

    def __init__(self, reader: Reader, reply_id: int, owned: OwnedReply | None, span: float = inf):
        self.reader = reader
        self.reply_id = reply_id
        self.shown: LiveReply = owned or reader.follow(reply_id)
        self._text, self._thoughts = Cursor(), Cursor()
        self.listens = False
        self.until = time.monotonic() + span
        self.over = self.dismissed = False

    @property
    def position(self) -> int:
        """How many pieces of text have been taken."""
        return self._text.position

    def dismiss(self) -> None:
        """Send this watcher away at once, because its session has ended."""
        self.dismissed = True
        self.shown.wake()

    def detach(self) -> None:
        """Stop watching a reply that goes on."""
        self.over = True

    def next(self, timeout: float) -> str | None:
        """Wait for more text; return "" after `timeout` seconds without any, and None at the end."""
        self.over = self.dismissed or time.monotonic() >= self.until
        if self.over:
            return None
        heard = self._thoughts.position if self.listens else None
        text, position = self.shown.wait(self.position, timeout, heard)
        if self.dismissed:
            self.over = True
            return None
        if text is None and self.shown.lost:
            self.shown = self.reader.follow(self.reply_id)
            return ""
        return text and self._text.take(text, position)

    def next_thought(self) -> str:
        """Return more reasoning, "" if there is none."""
        return self._thoughts.take(*join(self.shown.thoughts, self._thoughts.position))

    def so_far(self) -> Iterator[str]:
        """Yield the text that is there by now, part by part."""
        end = len(self.shown.stored)
        while self.position < end and (text := self.next(0)):
            yield text

    @property
    def detached(self) -> bool:
        """Whether the reply goes on without this watcher, or in another process."""
        return self.over or self.shown.drained
