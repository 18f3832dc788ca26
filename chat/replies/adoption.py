"""Adoption: a reply whose worker is gone goes on here, watched or not.

Each taking is counted before anything is read, called or rendered, so that a text that kills workers kills few.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable

from sqlalchemy import Row

from chat.database import Database
from chat.replies import leases, log
from chat.replies.endings import ending_of
from chat.reporting import report

ADOPTIONS = 2
"""How often a reply may be taken up again; a worker that lets go of it sets the count back."""

ROUND = 1.0
"""How often a process looks for such replies, in seconds."""

GONE = "The server was stopped while this was being written. What came before it is kept."

logger = logging.getLogger(__name__)


def watch(adopt: Callable[[], None]) -> None:
    """Adopt now and then for as long as the process lives."""
    threading.Thread(target=_watch, args=(adopt,), name="adoption", daemon=True).start()


def _watch(adopt: Callable[[], None]) -> None:
    while True:
        try:
            adopt()
        except Exception as error:
            report(logger, "a look for replies without a worker", error)
        time.sleep(ROUND)


def adopt(database: Database, go_on: Callable[[int, str], None]) -> None:
    """Take all replies whose lease has run out: `go_on(id, owner)` with them, or end them where that is over."""
    owner = secrets.token_hex(16)
    for reply in leases.take_ownerless(database, owner):
        try:
            take(database, reply, owner, go_on)
        except Exception as error:
            report(logger, f"the adoption of reply {reply.id}", error)


def take(database: Database, reply: Row, owner: str, go_on: Callable[[int, str], None]) -> None:
    """Go on with a reply that was taken, or end it: as stopped where that was asked for."""
    if reply.stop:
        end(database, reply.id, owner, "stopped", None)
    elif reply.attempts > ADOPTIONS:
        end(database, reply.id, owner, "interrupted", GONE)
    else:
        go_on(reply.id, owner)


def end(database: Database, reply_id: int, owner: str, state: str, error: str | None) -> None:
    """End a reply with what its log holds; one that was interrupted before its first word has failed."""
    text = "".join(log.since(database, reply_id))
    state = "failed" if state == "interrupted" and not text.strip() else state
    ending = ending_of(reply_id, state, text, {"error": error})
    with database.write() as connection:
        log.store(connection, [log.News(reply_id, owner, 0, [], ending)])
