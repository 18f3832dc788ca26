"""The reader: shows followers in this process what other processes write.

Its thread runs only while somebody follows such a reply. It waits for a change of the database, then reads the news of
all followed replies at once.
"""

from __future__ import annotations

import logging
import threading
import time
from weakref import WeakValueDictionary

from chat.replies import log
from chat.replies.live import LiveReply
from chat.replies.notifications import Changes
from chat.storage.database import Database, DatabaseAway

PATIENCE = 1.0
"""How long to wait for a change before reading anyway, in seconds."""

logger = logging.getLogger(__name__)


class Reader:
    """The one reader of a process. It holds mirrors weakly, so one without followers disappears."""

    def __init__(self, database: Database):
        self.database = database
        self._shown: WeakValueDictionary[int, LiveReply] = WeakValueDictionary()
        self._lock = threading.RLock()
        self._fetching = threading.Lock()
        self._thread: threading.Thread | None = None

    def follow(self, reply_id: int) -> LiveReply:
        """Return the mirror of a reply, with the text that is stored so far."""
        with self._lock:
            known = self._shown.get(reply_id)
            shown = known if known and not known.ended else LiveReply()  # a user can continue an ended reply
            self._shown[reply_id] = shown
        self._fetch({reply_id: shown})
        with self._lock:
            if self._thread is None and not shown.ended:
                thread = threading.Thread(target=self._work, name="reader", daemon=True)
                thread.start()
                self._thread = thread
        return shown

    def is_busy(self) -> bool:
        """Return whether anybody follows a reply here."""
        return bool(self._find_followed())

    def drain(self) -> None:
        with self._lock:
            followed = list(self._shown.values())
        for shown in followed:
            shown.drain()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._find_followed():
                    self._thread = None
                    return
            try:
                self._read()
            except DatabaseAway:
                time.sleep(PATIENCE)
            except Exception as error:
                logger.error("replies of other processes can't be read: %s", type(error).__name__)
                time.sleep(PATIENCE)

    def _find_followed(self) -> dict[int, LiveReply]:
        with self._lock:
            return {reply_id: shown for reply_id, shown in self._shown.items() if not shown.ended}

    def _read(self) -> None:
        changes = Changes(self.database)
        try:
            while followed := self._find_followed():
                self._fetch(followed)
                # Many replies change all the time: reading the news of each at once would take all the time there is.
                time.sleep(min(0.05, len(followed) / 10_000))
                del followed  # else this list would keep mirrors without followers
                changes.wait(PATIENCE)
        finally:
            changes.close()

    def _fetch(self, followed: dict[int, LiveReply]) -> None:
        with self._fetching:  # two threads would show the same pieces twice
            known = {
                reply_id: (len(shown.stored), len(shown.thoughts))
                for reply_id, shown in followed.items()
                if not shown.ended
            }
            pieces, generating = log.read_updates(self.database, known)
            for reply_id in known:
                publish(followed[reply_id], pieces.get(reply_id), generating.get(reply_id))


def publish(shown: LiveReply, pieces: log.Pieces | None, progress: log.Progress | None) -> None:
    """Show news in a mirror. A mirror that missed an end and a Continue has ended, too."""
    text, thoughts = pieces or ([], [])
    if progress and shown.continued is None:
        shown.continued = progress.continued
        shown.thoughts, thoughts = thoughts, []  # nobody here knows when they began
    if progress and progress.continued == shown.continued:
        shown.attempts = progress.attempts
        shown.publish(text, thoughts=thoughts)
    else:
        shown.publish([], ended=True)
