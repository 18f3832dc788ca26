"""The reader: brings what other processes write to the followers in this one.

One thread, only while replies of other processes are followed here. It waits for a change of the database and fetches
the news of all of them at once.
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
"""How long it waits for a change before it looks all the same, in seconds."""

logger = logging.getLogger(__name__)


class Reader:
    """One per process. What nobody follows any more is forgotten by itself."""

    def __init__(self, database: Database):
        self.database = database
        self._shown: WeakValueDictionary[int, LiveReply] = WeakValueDictionary()
        self._lock = threading.RLock()
        self._fetching = threading.Lock()
        self._thread: threading.Thread | None = None

    def follow(self, reply_id: int) -> LiveReply:
        """Follow a reply; what is stored of it is there at once."""
        with self._lock:
            known = self._shown.get(reply_id)
            shown = known if known and not known.ended else LiveReply()  # one that ended may have been gone on with
            self._shown[reply_id] = shown
        self._fetch({reply_id: shown})
        with self._lock:
            if self._thread is None and not shown.ended:
                thread = threading.Thread(target=self._work, name="reader", daemon=True)
                thread.start()
                self._thread = thread
        return shown

    def is_busy(self) -> bool:
        """Tell whether any reply is being followed."""
        return bool(self._find_followed())

    def drain(self) -> None:
        """Send all followers away."""
        with self._lock:
            followed = list(self._shown.values())
        for shown in followed:
            shown.drain()

    def _work(self) -> None:
        while not self._is_over():
            try:
                self._read()
            except DatabaseAway:
                time.sleep(PATIENCE)
            except Exception as error:
                logger.error("replies of other processes can't be read: %s", type(error).__name__)
                time.sleep(PATIENCE)

    def _is_over(self) -> bool:
        """Tell whether nothing is followed any more; whoever follows then begins another thread."""
        with self._lock:
            if not self._find_followed():
                self._thread = None
            return self._thread is None

    def _find_followed(self) -> dict[int, LiveReply]:
        with self._lock:
            return {reply_id: shown for reply_id, shown in self._shown.items() if not shown.ended}

    def _read(self) -> None:
        changes = Changes(self.database)
        try:
            while followed := self._find_followed():
                self._fetch(followed)
                # Many replies change all the time, so that asking at once for the news of each would be all there is.
                time.sleep(min(0.05, len(followed) / 10_000))
                del followed  # what only this list holds on to is nobody's
                changes.wait(PATIENCE)
        finally:
            changes.close()

    def _fetch(self, followed: dict[int, LiveReply]) -> None:
        with self._fetching:  # two at once would show the same pieces twice
            wanted = {reply_id: len(shown.stored) for reply_id, shown in followed.items() if not shown.ended}
            pieces, generating = log.read_updates(self.database, wanted)
            for reply_id in wanted:
                publish(followed[reply_id], pieces.get(reply_id, []), generating.get(reply_id))


def publish(shown: LiveReply, pieces: list[str], progress: log.Progress | None) -> None:
    """Publish news, as `log.news` gives them, in a mirror; one that missed an end and a Continue has ended, too."""
    if progress and shown.continued is None:
        shown.continued = progress.continued
    if progress and progress.continued == shown.continued:
        shown.attempts = progress.attempts
        shown.publish(pieces)
    else:
        shown.publish([], ended=True)
