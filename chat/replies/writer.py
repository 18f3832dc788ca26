"""The writer: stores what all replies of this process say, one transaction a tick, and only then shows it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from chat.metrics import Metrics
from chat.replies import leases, log
from chat.replies.backlog import Backlog
from chat.replies.live import OwnedReply
from chat.replies.log import Ending, ReplyUpdate, render_ending
from chat.storage.database import Database, DatabaseAway

RENEWAL = 0.75
"""How often leases are renewed and stops from elsewhere looked for, in seconds; a lease is LEASE seconds long."""

WAIT = 1.0
SILENCE = 2.0
"""How long the writer waits for others, and for the database itself, in seconds: together less than a lease."""

AGAIN = 0.2
"""How soon it tries again where the database is away, in seconds."""

UNSTORED = "The answer couldn't be saved, so it stops here. Try again in a moment."

logger = logging.getLogger(__name__)


class Writer:
    """One per process; its thread runs while replies do."""

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
        """Take charge of a reply; an older taking of the same reply, by a process that slept, is lost."""
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="writer", daemon=True)
                thread.start()  # where the machine gives none, nothing has been promised yet
                self._thread = thread
            older = self._owned.get(reply.id)
            self._owned[reply.id] = reply
        if older:
            older.lose()

    def find(self, reply_id: int) -> OwnedReply | None:
        """Find a reply that this process writes."""
        return self._owned.get(reply_id)

    def is_busy(self) -> bool:
        """Tell whether any reply is being written."""
        return bool(self._owned)

    def put(self, reply: OwnedReply, said: str | Ending) -> None:
        """Hand in a piece of text, which is shown when it is stored, or the end of a reply."""
        if self._holds(reply):
            self._backlog.put(reply, said)
            self._news.set()

    def _holds(self, reply: OwnedReply) -> bool:
        return self._owned.get(reply.id) is reply

    def _work(self) -> None:
        renewed = time.monotonic()
        while self._wait(renewed + RENEWAL - time.monotonic()):
            begun = time.monotonic()
            if begun - renewed >= RENEWAL and self._renew():  # before anything is shown: this process may have slept
                renewed = begun
            self._tick()
            time.sleep(AGAIN if self._backlog.has_unsettled else self._pause())

    def _wait(self, timeout: float) -> bool:
        """Wait for news, `timeout` seconds at most; False when no reply runs any more."""
        self._news.wait(max(0, timeout) if self._owned else 0)
        self._news.clear()
        with self._lock:
            if not self._owned:
                self._thread = None
            return bool(self._owned)

    def _pause(self) -> float:
        # Few replies get their words as they are said, many share commits.
        return min(0.05, max(0.01, len(self._owned) / 10_000))

    def batch_delay(self) -> float:
        """Give the seconds for which a reply's words may gather at the provider: more than 200 share readings, too."""
        return 2 * self._pause() if len(self._owned) > 200 else 0

    def _tick(self) -> None:
        with self._ticking:
            news = self._backlog.take(self._holds)
            try:
                kept = self._store(list(news.values()))
            except DatabaseAway:
                for reply, item in news.items():
                    self._backlog.requeue(reply, item)
            except Exception:
                # One bad row would lose the tick for all: each reply once more, alone.
                for reply, item in news.items():
                    self._store_alone(reply, item)
            else:
                for reply, item in news.items():
                    self._show(reply, item, kept)

    def _store(self, news: list[ReplyUpdate]) -> set[int]:
        if not news:
            return set()
        with self.metrics.tick.time(), self._transaction() as connection:
            kept = log.store(connection, news)
        self.metrics.pieces.add(by=sum(len(item.pieces) for item in news if item.reply_id in kept))
        return kept

    def _transaction(self) -> AbstractContextManager[Any]:
        return self.database.write(WAIT * self._patience, SILENCE * self._patience, is_repeated=True)

    def _store_alone(self, reply: OwnedReply, item: ReplyUpdate) -> None:
        try:
            kept = self._store([item])
        except DatabaseAway:
            self._backlog.requeue(reply, item)
        except Exception as error:
            logger.error("reply %s could not be stored: %s", item.reply_id, type(error).__name__)
            self._give_up(reply)
        else:
            self._show(reply, item, kept)

    def _show(self, reply: OwnedReply, item: ReplyUpdate, kept: set[int]) -> None:
        if item.reply_id not in kept:
            self._lose([reply])
            return
        reply.publish(item.pieces, ended=item.ending is not None)
        if item.ending:
            self._forget(reply)

    def _give_up(self, reply: OwnedReply) -> None:
        """End a reply that can't be stored as failed, with what its log holds: more than was shown here, perhaps."""
        reply.stop()
        try:
            text = "".join(log.read_pieces(self.database, reply.id))
            ending = render_ending(reply.id, "failed", text, {"error": UNSTORED})
            with self._transaction() as connection:
                log.store(connection, [ReplyUpdate(reply.id, reply.owner, 0, [], ending)])
        except Exception:
            logger.error("reply %s is left for its lease to run out", reply.id)
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
        self._lose([held[reply_id] for reply_id in lost])
        for reply_id in stopped:
            held[reply_id].stop()
        return True

    def drain(self) -> None:
        """Store what was said last, let go of all replies and send their followers away."""
        self._patience = 0.5  # gunicorn gives a worker that leaves 4 s beyond its drain
        self._tick()
        with self._ticking:
            if not (drained := list(self._owned.values())):
                return
            try:
                with self._transaction() as connection:
                    leases.release(connection, {reply.id: reply.owner for reply in drained})
            except Exception as error:
                logger.error("replies are left for their leases to run out: %s", type(error).__name__)
            for reply in drained:
                reply.drain()
                self._forget(reply)

    def _lose(self, lost: Iterable[OwnedReply]) -> None:
        for reply in lost:
            reply.lose()
            self._forget(reply)

    def _forget(self, reply: OwnedReply) -> None:
        with self._lock:
            if self._holds(reply):
                del self._owned[reply.id]
