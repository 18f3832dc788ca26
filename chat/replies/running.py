"""A reply that this process is writing: what of it is stored, and who waits for more."""

from __future__ import annotations

import threading
from contextlib import suppress

from chat.providers.base import CreateResult


class Running:
    """What the generation, the writer and the followers of one reply share.

    `stored` holds the pieces that are in the database: only those may be shown.
    """

    def __init__(self, reply_id: int, owner: str):
        self.id = reply_id
        self.owner = owner
        self.stored: list[str] = []
        self.ended = False
        self.lost = False
        self.stopped = False
        self._result: CreateResult | None = None
        self._changed = threading.Condition()

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

    def publish(self, pieces: list[str], ended: bool = False) -> None:
        """Let the followers see what has been stored."""
        with self._changed:
            self.stored += pieces
            self.ended = self.ended or ended
            self._changed.notify_all()

    def wait(self, position: int, timeout: float) -> tuple[str | None, int]:
        """Wait for text past a number of pieces, and count on.

        Gives "" after `timeout` seconds without any, None at the end.
        """
        with self._changed:
            if position == len(self.stored) and not self.ended:
                self._changed.wait(timeout)
            if position == len(self.stored) and self.ended:
                return None, position
            return "".join(self.stored[position:]), len(self.stored)

    @property
    def notice(self) -> str:
        """What the provider has to say to the person who waits."""
        return self._result.notice if self._result else ""
