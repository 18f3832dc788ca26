"""The writer: stores what all replies of this process say, one transaction a tick, and only then shows it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable

from chat.database import LOCK_WAIT, Database, DatabaseBusy
from chat.metrics import Metrics
from chat.replies import leases, log
from chat.replies.endings import ending_of
from chat.replies.log import Ending, News
from chat.replies.running import Running

RENEWAL = 0.75
"""How often leases are renewed and stops from elsewhere looked for, in seconds; a lease is LEASE seconds long."""

UNSTORED = "The answer could not be stored, so it ends here. Try again in a moment."

logger = logging.getLogger(__name__)


class Writer:
    """One per process; its thread runs while replies do."""

    def __init__(self, database: Database, metrics: Metrics | None = None):
        self.database = database
        self.metrics = metrics or Metrics()
        self._running: dict[int, Running] = {}
        self._handed: deque[tuple[Running, str | Ending]] = deque()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._ticking = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, running: Running) -> None:
        """Take charge of a reply; an older taking of the same reply, by a process that slept, is lost."""
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="writer", daemon=True)
                thread.start()  # where the machine gives none, nothing has been promised yet
                self._thread = thread
            older = self._running.get(running.id)
            self._running[running.id] = running
        if older:
            older.lose()

    def find(self, reply_id: int) -> Running | None:
        """Find a reply that this process writes."""
        return self._running.get(reply_id)

    def is_busy(self) -> bool:
        """Tell whether any reply is being written."""
        return bool(self._running)

    def put(self, running: Running, said: str | Ending) -> None:
        """Hand in a piece of text, which is shown when it is stored, or the end of a reply."""
        if self._holds(running):
            self._handed.append((running, said))
            self._news.set()

    def _holds(self, running: Running) -> bool:
        return self._running.get(running.id) is running

    def _work(self) -> None:
        renewed = time.monotonic()
        while self._wait(renewed + RENEWAL - time.monotonic()):
            if time.monotonic() - renewed >= RENEWAL:  # before anything is shown: this process may have slept
                renewed = time.monotonic()
                self._renew()
            self._tick()
            time.sleep(self._pause())

    def _wait(self, timeout: float) -> bool:
        """Wait for news, `timeout` seconds at most; False when no reply runs any more."""
        self._news.wait(max(0, timeout) if self._running else 0)
        self._news.clear()
        with self._lock:
            if not self._running:
                self._thread = None
            return bool(self._running)

    def _pause(self) -> float:
        # Few replies get their words as they are said, many share commits.
        return min(0.05, max(0.01, len(self._running) / 10_000))

    def gathering(self) -> float:
        """Give the seconds for which a reply's words may gather at the provider: more than 200 share readings, too."""
        return 2 * self._pause() if len(self._running) > 200 else 0

    def _tick(self, wait: float = LOCK_WAIT) -> None:
        with self._ticking:
            news = self._take_news()
            try:
                kept = self._store(list(news.values()), wait)
            except DatabaseBusy:
                self._put_back(news)
            except Exception:
                # One bad row would lose the tick for all: each reply once more, alone.
                for running, item in news.items():
                    self._store_alone(running, item)
            else:
                for running, item in news.items():
                    self._show(running, item, kept)

    def _take_news(self) -> dict[Running, News]:
        news: dict[Running, News] = {}
        for running, said in [self._handed.popleft() for _ in range(len(self._handed))]:
            if not self._holds(running):
                continue
            item = news.setdefault(running, News(running.id, running.owner, len(running.stored), []))
            if isinstance(said, Ending):
                item.ending = said
            else:
                item.pieces.append(said)
        for item in news.values():
            item.pieces = ["".join(item.pieces)] if item.pieces else []  # one row to store, and to read again
        return news

    def _store(self, news: list[News], wait: float = LOCK_WAIT) -> set[int]:
        if not news:
            return set()
        with self.metrics.tick.timed(), self.database.write(wait) as connection:
            kept = log.store(connection, news)
        self.metrics.pieces.add(by=sum(len(item.pieces) for item in news if item.reply_id in kept))
        return kept

    def _put_back(self, news: dict[Running, News]) -> None:
        """Keep for the next tick what can't be stored because another process holds the database."""
        for running, item in news.items():
            said: list[str | Ending] = [*item.pieces, *([item.ending] if item.ending else [])]
            self._handed.extendleft((running, one) for one in reversed(said))

    def _store_alone(self, running: Running, item: News) -> None:
        try:
            kept = self._store([item])
        except Exception as error:
            logger.error("reply %s could not be stored: %s", item.reply_id, type(error).__name__)
            self._give_up(running)
            return
        self._show(running, item, kept)

    def _show(self, running: Running, item: News, kept: set[int]) -> None:
        if item.reply_id not in kept:
            self._lose([running])
            return
        running.publish(item.pieces, ended=item.ending is not None)
        if item.ending:
            self._forget(running)

    def _give_up(self, running: Running) -> None:
        """End a reply that can't be stored as failed, with what is stored of it."""
        running.stop()
        try:
            ending = ending_of(running.id, "failed", "".join(running.stored), {"error": UNSTORED})
            with self.database.write() as connection:
                log.store(connection, [News(running.id, running.owner, 0, [], ending)])
        except Exception:
            logger.error("reply %s is left for its lease to run out", running.id)
        running.publish([], ended=True)
        self._forget(running)

    def _renew(self) -> None:
        held = {running.id: running for running in list(self._running.values())}
        try:
            with self.database.write() as connection:
                lost, stopped = leases.renew(connection, {reply_id: held[reply_id].owner for reply_id in held})
        except Exception as error:
            logger.error("leases could not be renewed: %s", type(error).__name__)
            return
        self._lose([held[reply_id] for reply_id in lost])
        for reply_id in stopped:
            held[reply_id].stop()

    def leave(self) -> None:
        """Store what was said last, let go of all replies and send their followers away."""
        self._tick(wait=1)
        with self._ticking:
            left = list(self._running.values())
            try:
                with self.database.write(wait=1) as connection:
                    leases.release(connection, {running.id: running.owner for running in left})
            except Exception as error:
                logger.error("replies are left for their leases to run out: %s", type(error).__name__)
            for running in left:
                running.leave()
                self._forget(running)

    def _lose(self, lost: Iterable[Running]) -> None:
        for running in lost:
            running.lose()
            self._forget(running)

    def _forget(self, running: Running) -> None:
        with self._lock:
            if self._holds(running):
                del self._running[running.id]
