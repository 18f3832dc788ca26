"""Replies: answers being written, stored and followed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from math import inf

from chat.conversations import Turn
from chat.metrics import Metrics
from chat.providers.base import AbstractProvider
from chat.replies import adoption, leases, log
from chat.replies.follower import Follower
from chat.replies.generation import Generation, error_kinds
from chat.replies.leases import Adoption
from chat.replies.live import OwnedReply
from chat.replies.reader import Reader
from chat.replies.writer import Writer
from chat.storage.database import Database

__all__ = ["Follower", "Replies"]

BUSY = "The server has no room for another answer just now. Try again in a moment."


class Replies:
    """All replies of this process: start one, stop one, follow any, leave them to others at the end."""

    def __init__(self, database: Database, providers: Mapping[str, AbstractProvider], metrics: Metrics):
        self.database = database
        self.providers = providers
        self.metrics = metrics
        self.writer = Writer(database, self.metrics)
        self.reader = Reader(database)
        self.draining = self.drained = False

    def count_errors_of(self, names: Iterable[str]) -> None:
        """Count the errors of these providers by name; all workers of a server must be told the same, in one order."""
        self.metrics.provider_errors.expect(product(names, error_kinds()))

    def watch(self) -> None:
        """Begin to look after replies whose worker is gone."""
        adoption.Adopter(self.database, self.adopt).start()

    def adopt(self, trusted: bool = True) -> None:
        """Go on with released replies and, if leases are `trusted`, with replies whose lease ran out."""
        if not self.draining:
            adoption.adopt(self.database, self.resume, trusted)

    def resume(self, reply: Adoption, owner: str) -> None:
        """Go on with a reply that was taken, from what is stored of it. Raises DatabaseAway."""
        self._write(OwnedReply(reply.id, owner, log.read_pieces(self.database, reply.id), reply.attempts))

    def start(self, turn: Turn) -> None:
        """Let the reply of a turn be written in the background; a turn that is not ours is left alone."""
        if turn.owner is not None and self.drained:
            self._hand_on(turn.reply_id, turn.owner)
        elif turn.owner is not None:
            self._write(OwnedReply(turn.reply_id, turn.owner, [turn.stored] if turn.stored else []))

    def _hand_on(self, reply_id: int, owner: str) -> None:
        with self.database.write() as connection:
            leases.release(connection, {reply_id: owner})

    def _write(self, reply: OwnedReply) -> None:
        self.writer.add(reply)
        if self.drained:  # since it was looked at: nobody else would come for it before its lease runs out
            self.writer.drain()
            return
        generation = Generation(self.writer, reply, self.providers)
        try:
            threading.Thread(target=generation.run, name=f"reply {reply.id}", daemon=True).start()
        except RuntimeError:  # the machine gives no more threads
            generation.fail(BUSY)

    def stop(self, reply_id: int) -> None:
        """Stop a reply, in whichever process it is written."""
        owned = self.writer.find(reply_id)
        if owned:
            owned.stop()
        else:
            leases.ask_to_stop(self.database, reply_id)

    def cancel(self, reply_ids: list[int]) -> None:
        """Cancel replies that have been deleted."""
        for reply_id in reply_ids:
            owned = self.writer.find(reply_id)
            if owned:
                owned.stop()

    def follow(self, reply_id: int, span: float = inf) -> Follower:
        """Follow a reply from its beginning, for `span` seconds at most; not at all where this process has left."""
        return Follower(self.reader, reply_id, self.writer.find(reply_id), 0 if self.drained else span)

    def so_far(self, reply_id: int) -> str:
        """Read what is stored of a reply that is being written; others may have shown more than this process knows."""
        return "".join(log.read_pieces(self.database, reply_id))

    def drain(self, patience: float, listening: Callable[[], bool] = bool) -> None:
        """Let answers run for `patience` seconds, also those followed here, then leave what isn't done to others.

        Sends are taken all the while, so it doesn't end before that as long as the process is still `listening`.
        """
        self.draining = True
        deadline = time.monotonic() + patience
        while (listening() or self.writer.is_busy() or self.reader.is_busy()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.drained = True
        self.writer.drain()
        self.reader.drain()
