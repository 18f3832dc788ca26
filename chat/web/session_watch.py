"""Who may still watch: a stream ends within seconds of its session, however that ended, in whichever process.

One thread for all streams of the process, only while there are some, asks the database for all their sessions at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from chat.replies import Follower
from chat.server.logs import report
from chat.storage.database import DatabaseAway

ROUND = 1.0
"""How often it looks, in seconds."""

logger = logging.getLogger(__name__)


class SessionWatcher:
    """One per process; `ended` tells which of some sessions have ended."""

    def __init__(self, ended: Callable[[Iterable[str]], frozenset[str]]):
        self._ended = ended
        self._watching: dict[Follower, str] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def watched(self, session: str, follower: Follower, stream: Iterator[str]) -> Iterator[str]:
        """Yield what a stream does, and send its follower away where the session ends."""
        try:
            with self._lock:
                self._watching[follower] = session
                self._begin()
            yield from stream
        finally:
            with self._lock:
                self._watching.pop(follower, None)

    def _begin(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="presence", daemon=True)
            thread.start()  # before it is noted: a machine may give no more threads
            self._thread = thread

    def _work(self) -> None:
        time.sleep(ROUND)  # who has just begun was just let in, and a short answer needs no look
        while watching := self._all():
            try:
                self._look(watching)
            except DatabaseAway:
                pass
            except Exception as error:
                report(logger, "a look for sessions that have ended", error)
            del watching  # a follower that only this holds on to is nobody's
            time.sleep(ROUND)

    def _all(self) -> dict[Follower, str]:
        """List who watches; where nobody does, whoever comes next begins another thread."""
        with self._lock:
            if not self._watching:
                self._thread = None
            return dict(self._watching)

    def _look(self, watching: dict[Follower, str]) -> None:
        ended = self._ended(set(watching.values()))
        for follower, session in watching.items():
            if session in ended:
                follower.dismiss()
