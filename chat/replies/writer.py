"""The writer: stores what all replies of this process say, one transaction a tick, and only then shows it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable

from chat import rendering
from chat.database import Database, DatabaseBusy
from chat.replies import log
from chat.replies.log import Ending, News
from chat.replies.running import Running

RENEWAL = 1.5
"""How often leases are renewed, in seconds; a lease is LEASE seconds long."""

UNSTORED = "The answer could not be stored, so it ends here. Try again in a moment."

logger = logging.getLogger(__name__)


class Writer:
    """One per process; its thread runs while replies do."""

    def __init__(self, database: Database):
        self.database = database
        self._running: dict[int, Running] = {}
        self._pieces: dict[int, list[str]] = {}
        self._endings: dict[int, Ending] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, running: Running) -> None:
        """Take charge of a reply that begins."""
        with self._changed:
            self._running[running.id] = running
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
                self._thread.start()

    def find(self, reply_id: int) -> Running | None:
        """Find a reply that this process writes."""
        return self._running.get(reply_id)

    def put(self, running: Running, piece: str) -> None:
        """Hand in a piece of text; it is shown when it is stored."""
        with self._changed:
            if running.id in self._running:
                self._pieces.setdefault(running.id, []).append(piece)
                self._changed.notify()

    def end(self, running: Running, ending: Ending) -> None:
        """Hand in the end of a reply."""
        with self._changed:
            if running.id in self._running:
                self._endings[running.id] = ending
                self._changed.notify()

    def _work(self) -> None:
        renewed = time.monotonic()
        while self._wait(renewed + RENEWAL - time.monotonic()):
            self._tick()
            if time.monotonic() - renewed >= RENEWAL:
                renewed = time.monotonic()
                self._renew()
            # Few replies: 10 ms, so that words come as they are said; many: up to 50 ms, so that they share commits.
            time.sleep(min(0.05, max(0.01, len(self._running) / 10_000)))

    def _wait(self, timeout: float) -> bool:
        """Wait for news, `timeout` seconds at most; False when no reply runs any more."""
        with self._changed:
            if not self._pieces and not self._endings and self._running:
                self._changed.wait(max(0, timeout))
            if not self._running:
                self._thread = None
            return bool(self._running)

    def _tick(self) -> None:
        news = self._take_news()
        try:
            kept = self._store(news)
        except DatabaseBusy:
            self._put_back(news)
            return
        except Exception:
            # One bad row would lose the tick for all: each reply once more, alone.
            for item in news:
                self._store_alone(item)
            return
        for item in news:
            self._show(item, kept)

    def _take_news(self) -> list[News]:
        with self._changed:
            said, self._pieces = self._pieces, {}
            ended, self._endings = self._endings, {}
        changed = [self._running[reply_id] for reply_id in said.keys() | ended.keys() if reply_id in self._running]
        return [
            News(running.id, running.owner, len(running.stored), said.get(running.id, []), ended.get(running.id))
            for running in changed
        ]

    def _store(self, news: list[News]) -> set[int]:
        if not news:
            return set()
        with self.database.write() as connection:
            return log.store(connection, news)

    def _put_back(self, news: list[News]) -> None:
        """Keep for the next tick what can't be stored because another process holds the database."""
        with self._changed:
            for item in news:
                self._pieces[item.reply_id] = item.pieces + self._pieces.get(item.reply_id, [])
                if item.ending:
                    self._endings[item.reply_id] = item.ending

    def _store_alone(self, item: News) -> None:
        try:
            kept = self._store([item])
        except Exception as error:
            logger.error("reply %s could not be stored: %s", item.reply_id, type(error).__name__)
            self._give_up(self._running[item.reply_id])
            return
        self._show(item, kept)

    def _show(self, item: News, kept: set[int]) -> None:
        if item.reply_id not in kept:
            self._lose([item.reply_id])
            return
        self._running[item.reply_id].publish(item.pieces, ended=item.ending is not None)
        if item.ending:
            self._forget(item.reply_id)

    def _give_up(self, running: Running) -> None:
        """End a reply that can't be stored as failed, with what is stored of it."""
        running.stop()
        try:
            text = "".join(running.stored)
            html = rendering.whole(text, f"m{running.id}")
            ending = Ending("failed", text, html, rendering.VERSION, {"error": UNSTORED})
            with self.database.write() as connection:
                log.end(connection, running.id, running.owner, ending)
        except Exception:
            logger.error("reply %s is left for its lease to run out", running.id)
        running.publish([], ended=True)
        self._forget(running.id)

    def _renew(self) -> None:
        held = {running.id: running.owner for running in list(self._running.values())}
        try:
            with self.database.write() as connection:
                lost, stopped = log.renew(connection, held)
        except Exception as error:
            logger.error("leases could not be renewed: %s", type(error).__name__)
            return
        self._lose(lost)
        for reply_id in stopped:
            self._running[reply_id].stop()

    def _lose(self, reply_ids: Iterable[int]) -> None:
        for reply_id in reply_ids:
            self._running[reply_id].lose()
            self._forget(reply_id)

    def _forget(self, reply_id: int) -> None:
        with self._changed:
            self._running.pop(reply_id, None)
            self._pieces.pop(reply_id, None)
            self._endings.pop(reply_id, None)
