"""A reply that this process is writing."""

from __future__ import annotations

import time
from contextlib import suppress

from chat.providers.answer import CreateResult
from chat.replies.live import Shown


class Running(Shown):
    """What the generation, the writer and the followers of one reply share; `owner` is the right to write it."""

    def __init__(self, reply_id: int, owner: str, stored: list[str] | None = None):
        super().__init__(stored)
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
