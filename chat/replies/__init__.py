"""Replies: answers being written, stored and followed."""

from __future__ import annotations

import threading

from chat import conversations
from chat.conversations import Turn
from chat.database import Database
from chat.providers.base import AbstractProvider
from chat.replies import log, orphans
from chat.replies.following import Follower
from chat.replies.generation import Generation
from chat.replies.running import Running
from chat.replies.writer import Writer

__all__ = ["Follower", "Replies"]

BUSY = "The server has no room for another answer just now. Try again in a moment."


class Replies:
    """All replies of this process: start one, stop one, follow any."""

    def __init__(self, database: Database):
        self.database = database
        self.writer = Writer(database)

    def watch(self) -> None:
        """Begin to look after replies whose worker is gone."""
        orphans.watch(self.database)

    def start(self, turn: Turn, provider: AbstractProvider, model: str) -> None:
        """Let a provider write the reply of a turn in the background; a turn that is not ours is left alone."""
        if turn.owner is None:
            return
        path = conversations.path(self.database, turn.reply_id)
        running = Running(turn.reply_id, turn.owner)
        self.writer.add(running)
        generation = Generation(self.writer, running, provider, model)
        try:
            threading.Thread(target=generation.run, args=(path,), name=f"reply {running.id}", daemon=True).start()
        except RuntimeError:  # the machine gives no more threads
            generation.fail(BUSY)

    def stop(self, reply_id: int) -> None:
        """Stop a reply, in whichever process it is written."""
        running = self.writer.find(reply_id)
        if running:
            running.stop()
        else:
            log.ask_to_stop(self.database, reply_id)

    def cancel(self, reply_ids: list[int]) -> None:
        """Cancel replies that have been deleted."""
        for reply_id in reply_ids:
            running = self.writer.find(reply_id)
            if running:
                running.stop()

    def follow(self, reply_id: int) -> Follower:
        """Follow a reply from its beginning."""
        return Follower(self.database, reply_id, self.writer.find(reply_id))

    def so_far(self, reply_id: int) -> str:
        """Read what is stored of a reply that is being written."""
        return "".join(log.since(self.database, reply_id, 0)[0])
