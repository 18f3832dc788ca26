"""What may be shown of a reply in this process: the pieces that are stored, and who waits for more."""

from __future__ import annotations

import threading

MOST = 16 * 1024
"""How much text, in characters, a watcher is given at once, unless one piece is longer."""


class Shown:
    """The stored pieces of one reply, numbered from 0 as in the log.

    `ended` tells that no more comes, `lost` that the rest is in the log only, `left` that this process goes away;
    `continued`, where it is known, which Continue the numbers are of; `attempts` how often it was adopted.
    """

    def __init__(self, stored: list[str] | None = None):
        self.stored = stored or []
        self.ended = self.lost = self.left = False
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

    def leave(self) -> None:
        """Send the followers away, to another process; those of what has ended still get its end."""
        self.left = not self.ended
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
