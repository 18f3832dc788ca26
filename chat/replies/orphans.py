"""Replies whose worker is gone: ended as interrupted, with all that was said."""

from __future__ import annotations

import logging
import secrets
import threading
import time

from chat import rendering
from chat.database import Database
from chat.replies import log

GONE = "The server was stopped while this was being written. What came before it is kept."
ROUND = 1.0
"""How often a process looks for them, in seconds."""

logger = logging.getLogger(__name__)


def watch(database: Database) -> None:
    """Look for them now and then for as long as the process lives."""
    threading.Thread(target=_look_for_ever, args=(database,), name="orphans", daemon=True).start()


def _look_for_ever(database: Database) -> None:
    while True:
        try:
            end_all(database)
        except Exception as error:
            logger.error("replies without a worker could not be looked for: %s", type(error).__name__)
        time.sleep(ROUND)


def end_all(database: Database) -> None:
    """End every reply whose lease has run out."""
    owner = secrets.token_hex(16)
    for reply_id in log.take_ownerless(database, owner):
        end(database, reply_id, owner)


def end(database: Database, reply_id: int, owner: str) -> None:
    """End one of them with what its log holds."""
    text = "".join(log.since(database, reply_id, 0)[0])
    html = rendering.whole(text, f"m{reply_id}")
    ending = log.Ending("interrupted" if text.strip() else "failed", text, html, rendering.VERSION, {"error": GONE})
    with database.write() as connection:
        log.end(connection, reply_id, owner, ending)
