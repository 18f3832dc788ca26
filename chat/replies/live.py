"""Replies in the memory of this process: the stored pieces that may be shown, who waits for more, who writes."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from chat.providers.answer import CreateResult

MOST = 16 * 1024
"""How much text, in characters, a watcher is given at once, unless one piece is longer."""


class LiveReply:
    """The stored pieces of one reply, numbered from 0 as in the log.

    `ended` tells that no more comes, `lost` that the rest is in the log only, `drained` that this process goes away;
    `continued`, where it is known, which Continue the numbers are of; `attempts` how often it was adopted.
    """

    def __init__(self, stored: list[str] | None = None):
        self.stored = stored or []
        self.ended = self.lost = self.drained = False
        self.continued: int | None = None
        self.attempts = 0
        self._changed = threading.Event()
        self._publishing = threading.Lock()

    @property
    def notice(self) -> str:
        """What the provider has to say to the person who waits."""
        return ""

    def publish(self, pieces: list[str], ended: bool = False) -> None:
        """Let the followers see what has been stored."""
        with self._publishing:
            self.stored += pieces
            self.ended = self.ended or ended
            if pieces or ended:  # who is woken for nothing, at each commit of others, wears out the machine
                self._wake()

    def wake(self) -> None:
        """Let the followers look up, though there is nothing new."""
        with self._publishing:
            self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, threading.Event()
        changed.set()

    def drain(self) -> None:
        """Send the followers away, to another process; those of what has ended still get its end."""
        self.drained = not self.ended
        self.publish([], ended=True)

    def wait(self, position: int, timeout: float) -> tuple[str | None, int]:
        """Wait for text past a number of pieces, and count on; gives no more than some of it.

        Gives "" after `timeout` seconds without any, None at the end.
        """
        changed = self._changed  # before the look: what changes after it sets this one
        if position == len(self.stored) and not self.ended:
            changed.wait(timeout)
        ended = self.ended  # before the look as well: what is there by then is all
        new = self._some(position)
        return (None if ended and not new else "".join(new)), position + len(new)

    def _some(self, position: int) -> list[str]:
        size, end = 0, position
        while end < len(self.stored) and (end == position or size + len(self.stored[end]) <= MOST):
            size += len(self.stored[end])
            end += 1
        return self.stored[position:end]


class OwnedReply(LiveReply):
    """What the generation, the writer and the followers of one reply share; `owner` is the right to write it."""

    def __init__(self, reply_id: int, owner: str, stored: list[str] | None = None, attempts: int = 0):
        super().__init__(stored)
        self.attempts = attempts
        self.id = reply_id
        self.owner = owner
        self.stopped = False
        self._result: CreateResult | None = None

    @property
    def notice(self) -> str:
        """What there is to say to the person who waits for the first word."""
        if self._result is None or self.stored:
            return ""
        return self._result.notice or thinking(self._result.thinking_since)

    def attach(self, result: CreateResult) -> None:
        """Make the provider's result known, so that a stop reaches it; at once if the stop was first."""
        self._result = result
        if self.stopped:
            result.close()

    def stop(self) -> None:
        """Cancel the answer, upstream too; what was said stays."""
        self.stopped = True
        if self._result is not None:
            with suppress(Exception):  # a provider that can't even end must not take the writer with it
                self._result.close()

    def lose(self) -> None:
        """Give up a reply that isn't ours any more: its followers go on from the log."""
        self.lost = True
        self.stop()
        self.publish([], ended=True)


def thinking(since: float | None) -> str:
    """Say how long a model has been thinking; nothing where it isn't."""
    return f"Thinking… {time.monotonic() - since:.0f} s" if since else ""
