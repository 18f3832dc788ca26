"""The writer: stores the text of all replies of this process, one transaction a tick, and shows it only then."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import AbstractContextManager
from typing import Any

from chat.metrics import Metrics
from chat.replies import log
from chat.replies.backlog import Backlog
from chat.replies.live import OwnedReply
from chat.replies.log import Ending, ReplyUpdate, render_ending
from chat.storage import leases
from chat.storage.database import Database, DatabaseAway

RENEWAL = 0.75
"""How often to renew leases and look for stops from other processes, in seconds; a lease lasts LEASE seconds."""

WAIT = 1.0
SILENCE = 2.0
"""How long the writer waits for locks, and for a silent database, in seconds: together less than a lease."""

AGAIN = 0.2
"""How soon to try again while the database is away, in seconds."""

UNSTORED = "The answer couldn't be saved, so it stops here. Try again in a moment."

logger = logging.getLogger(__name__)


class Writer:
    """The one writer of a process; its thread runs while this process writes replies."""

    def __init__(self, database: Database, metrics: Metrics):
        self.database = database
        self.metrics = metrics
        self._owned: dict[int, OwnedReply] = {}
        self._backlog = Backlog()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._ticking = threading.Lock()
        self._thread: threading.Thread | None = None
        self._patience = 1.0

    def add(self, reply: OwnedReply) -> None:
        """Begin to write a reply. If this process already held it under an older lease, drop that one."""
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="writer", daemon=True)
                thread.start()  # if this raises, nothing has been promised yet
                self._thread = thread
            older = self._owned.get(reply.id)
            self._owned[reply.id] = reply
        if older:
            older.lose()

    def find(self, reply_id: int) -> OwnedReply | None:
        return self._owned.get(reply_id)

    def is_busy(self) -> bool:
        """Return whether this process is writing any reply."""
        return bool(self._owned)

    def put(self, reply: OwnedReply, said: str | Ending) -> None:
        """Queue a piece of text, a Thought, or the end of a reply; followers see it once it is stored."""
        if self._holds(reply):
            self._backlog.put(reply, said)
            self._news.set()

    def _holds(self, reply: OwnedReply) -> bool:
        return self._owned.get(reply.id) is reply

    def _work(self) -> None:
        renewed = time.monotonic()
        while True:
            with self._lock:
                if not self._owned:
                    self._thread = None
                    return
            self._news.wait(max(0, renewed + RENEWAL - time.monotonic()))
            self._news.clear()
            begun = time.monotonic()
            if begun - renewed >= RENEWAL and self._renew():  # before the tick: this process may have slept
                renewed = begun
            with self._ticking:
                self._store(self._backlog.take(self._holds))
            time.sleep(AGAIN if self._backlog.unsettled else self._pause())

    def _pause(self) -> float:
        # With few replies each word appears at once; many replies share their commits.
        return min(0.05, max(0.01, len(self._owned) / 10_000))

    def batch_delay(self) -> float:
        """Return for how many seconds a provider can collect a reply's words: above 200 replies they share reads."""
        return 2 * self._pause() if len(self._owned) > 200 else 0

    def _store(self, updates: dict[OwnedReply, ReplyUpdate], alone: bool = False) -> None:
        """Store updates, then show them. One bad row would lose all of them, so if they fail, try each one `alone`."""
        if not updates:
            return
        try:
            with self.metrics.tick.time(), self._transaction() as connection:
                kept = log.store(connection, list(updates.values()))
        except DatabaseAway:
            self._backlog.unsettled |= updates
        except Exception as error:
            for reply, update in updates.items():
                if alone:
                    self._give_up(reply, error)
                else:
                    self._store({reply: update}, alone=True)
        else:
            self.metrics.pieces.add(
                by=sum(len(it.pieces) + len(it.thoughts) for it in updates.values() if it.reply_id in kept)
            )
            for reply, update in updates.items():
                self._show(reply, update, kept)

    def _transaction(self) -> AbstractContextManager[Any]:
        return self.database.write(WAIT * self._patience, SILENCE * self._patience, is_repeated=True)

    def _show(self, reply: OwnedReply, update: ReplyUpdate, kept: set[int]) -> None:
        if update.reply_id not in kept:
            self._lose(reply)
            return
        reply.publish(update.pieces, ended=update.ending is not None, thoughts=update.thoughts)
        if update.ending:
            self._forget(reply)

    def _give_up(self, reply: OwnedReply, error: Exception) -> None:
        """End a reply that can't be stored as failed, with the text in its log, which can be more than was shown."""
        logger.error("reply %s could not be stored: %s", reply.id, type(error).__name__)
        reply.stop()
        try:
            said = log.read_pieces(self.database, reply.id)
            facts = {"error": UNSTORED, "reasoning": "".join(said.thoughts)}
            ending = render_ending(reply.id, "failed", "".join(said.text), facts)
            with self._transaction() as connection:
                log.store(connection, [ReplyUpdate(reply.id, reply.owner, 0, [], ending)])
        except Exception:
            logger.error("reply %s will be released when its lease expires", reply.id)
        reply.publish([], ended=True)
        self._forget(reply)

    def _renew(self) -> bool:
        held = {reply.id: reply for reply in list(self._owned.values())}
        try:
            with self._transaction() as connection:
                lost, stopped = leases.renew(connection, {reply_id: held[reply_id].owner for reply_id in held})
        except Exception as error:
            if not isinstance(error, DatabaseAway):
                logger.error("leases could not be renewed: %s", type(error).__name__)
            return False
        for reply_id in lost:
            self._lose(held[reply_id])
        for reply_id in stopped:
            held[reply_id].stop()
        return True

    def drain(self) -> None:
        """Store the last words, release all replies and send their followers away."""
        self._patience = 0.5  # gunicorn allows 4 s after the drain
        with self._ticking:
            self._store(self._backlog.take(self._holds))
            if not (drained := list(self._owned.values())):
                return
            try:
                with self._transaction() as connection:
                    leases.release(connection, {reply.id: reply.owner for reply in drained})
            except Exception as error:
                logger.error("replies will be released when their leases expire: %s", type(error).__name__)
            for reply in drained:
                reply.drain()
                self._forget(reply)

    def _lose(self, reply: OwnedReply) -> None:
        reply.lose()
        self._forget(reply)

    def _forget(self, reply: OwnedReply) -> None:
        with self._lock:
            if self._holds(reply):
                del self._owned[reply.id]
