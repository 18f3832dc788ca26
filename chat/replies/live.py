"""Replies in the memory of this process: their stored pieces, their waiting followers, and the right to write them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from chat.providers.answer import CreateResult

MOST = 16 * 1024
"""How many characters a follower gets at once, unless one piece is longer."""


class LiveReply:
    """The stored pieces of one reply's text and, in `thoughts`, of its reasoning, in the order of the log.

    `ended`: no more comes. `lost`: the rest is in the log only. `drained`: this process goes away. `continued`: which
    Continue the numbers belong to, if known. `attempts`: how often another process took the reply over.
    """

    def __init__(self, stored: list[str] | None = None, thoughts: list[str] | None = None):
        self.stored, self.thoughts = stored or [], thoughts or []
        self._thinking_since: float | None = None
        self._spoke_at: float | None = None
        self.ended = self.lost = self.drained = False
        self.continued: int | None = None
        self.attempts = 0
        self._changed = threading.Event()
        self._publishing = threading.RLock()

    @property
    def notice(self) -> str:
        """What the provider says to the user who waits; known only where the reply is written."""
        return ""

    @property
    def thought_for(self) -> float | None:
        """For how many seconds the model has thought, or did before its first word, if this process saw it begin."""
        since = self._thinking_since
        return None if since is None else (self._spoke_at or time.monotonic()) - since

    def publish(self, pieces: list[str], ended: bool = False, thoughts: Sequence[str] = ()) -> None:
        """Show stored pieces to the followers."""
        with self._publishing:
            self._note_times(bool(pieces), bool(thoughts))
            self.thoughts += thoughts
            self.stored += pieces
            self.ended = self.ended or ended
            if pieces or thoughts or ended:  # waking all followers at each commit of others would wear out the machine
                self.wake()

    def _note_times(self, speaks: bool, thinks: bool) -> None:
        if self.stored:
            return
        if thinks and not self.thoughts:
            self._thinking_since = time.monotonic()
        if speaks:
            self._spoke_at = time.monotonic()

    def wake(self) -> None:
        """Wake all followers."""
        with self._publishing:
            changed, self._changed = self._changed, threading.Event()
            changed.set()

    def drain(self) -> None:
        """Send the followers to another process; if the reply has ended, they still get its end here."""
        self.drained = not self.ended
        self.publish([], ended=True)

    def wait(self, position: int, timeout: float, heard: int | None = None) -> tuple[str | None, int]:
        """Wait for text past a number of pieces; return some of it, and the number of pieces up to its end.

        The text is "" after `timeout` seconds without news, or with thoughts past `heard`, and None at the end.
        """
        changed = self._changed  # read before the check below, so that a later change sets this event
        if position == len(self.stored) and heard in (None, len(self.thoughts)) and not self.ended:
            changed.wait(timeout)
        ended = self.ended  # read before the pieces: they are complete by then
        text, end = join(self.stored, position)
        return (None if ended and end == position else text), end


def join(pieces: list[str], start: int) -> tuple[str, int]:
    """Join pieces from a number on, up to MOST characters or one piece; return also the number of the next one."""
    size, end = 0, start
    while end < len(pieces) and (end == start or size + len(pieces[end]) <= MOST):
        size += len(pieces[end])
        end += 1
    return "".join(pieces[start:end]), end


class OwnedReply(LiveReply):
    """A reply that this process writes; `owner` is the right to write it."""

    def __init__(
        self,
        reply_id: int,
        owner: str,
        stored: list[str] | None = None,
        attempts: int = 0,
        thoughts: list[str] | None = None,
    ):
        super().__init__(stored, thoughts)
        self.attempts = attempts
        self.id = reply_id
        self.owner = owner
        self.stopped = False
        self._result: CreateResult | None = None

    @property
    def notice(self) -> str:
        """What to tell the user who waits for the first word."""
        return "" if self._result is None or self.stored else self._result.notice

    def attach(self, result: CreateResult) -> None:
        """Let a stop reach the provider's result; close it at once if the stop came first."""
        self._result = result
        if self.stopped:
            result.close()

    def stop(self) -> None:
        """Cancel the answer, upstream too, and keep its text so far."""
        self.stopped = True
        if self._result is not None:
            with suppress(Exception):  # an error in a provider must not end the writer
                self._result.close()

    def lose(self) -> None:
        """Stop writing a reply that another process has taken; its followers go on from the log."""
        self.lost = True
        self.stop()
        self.publish([], ended=True)
