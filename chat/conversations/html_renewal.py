"""Render messages again whose HTML an older version made, and store the new HTML.

Pages never show the old HTML: its renderer could have let an attack through, and our style sheet doesn't fit it.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress

from sqlalchemy import bindparam, select, update

from chat import rendering
from chat.server.logs import report
from chat.storage.database import Database, DatabaseAway
from chat.storage.tables import messages

MOST = 1_000
"""How many messages can wait at once; the next visitor asks for others again."""

MESSAGE = messages.c.id == bindparam("message")
IS_OLD = messages.c.html_version.is_distinct_from(rendering.VERSION)
SELECT_OUTDATED = select(messages.c.text).where(MESSAGE, IS_OLD)
# Continue empties the text, and the reply gets its own HTML later.
UPDATE_HTML = (
    update(messages)
    .where(MESSAGE, messages.c.text == bindparam("said"))
    .values(html=bindparam("made"), html_version=rendering.VERSION)
)

logger = logging.getLogger(__name__)


class Renewal:
    """A thread of this process, which runs while messages wait."""

    def __init__(self, database: Database):
        self.database = database
        self._wanted: dict[int, threading.Event] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def want(self, message_id: int) -> threading.Event:
        """Queue a message; return an event that is set when the message is done."""
        with self._lock:
            if len(self._wanted) < MOST:
                self._wanted.setdefault(message_id, threading.Event())
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="renewal", daemon=True)
                with suppress(RuntimeError):  # no threads left: the next visitor asks again
                    thread.start()
                    self._thread = thread
            return self._wanted.get(message_id) or threading.Event()

    def _work(self) -> None:
        while (message_id := self._next()) is not None:
            try:
                self._renew(message_id)
            except DatabaseAway:
                pass  # its next visitor asks again
            except Exception as error:
                report(logger, f"the renewal of message {message_id}", error)
            self._wanted.pop(message_id).set()
            time.sleep(0)

    def _next(self) -> int | None:
        with self._lock:
            message_id = next(iter(self._wanted), None)
            if message_id is None:
                self._thread = None
            return message_id

    def _renew(self, message_id: int) -> None:
        with self.database.read() as connection:
            text = connection.execute(SELECT_OUTDATED, {"message": message_id}).scalar()
        if text is not None:
            made = {"message": message_id, "said": text, "made": rendering.render(text, f"m{message_id}")}
            with self.database.write() as connection:
                connection.execute(UPDATE_HTML, made)
