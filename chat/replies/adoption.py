"""Adoption: this process takes over replies whose worker is gone.

The database counts each attempt before anything is read or rendered, so that a text that kills workers kills only few.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable

from chat.replies import log
from chat.replies.outcome import GIVEN_UP, STOPPED, fail
from chat.server.logs import report
from chat.storage import leases
from chat.storage.database import Database, DatabaseAway
from chat.storage.leases import Adoption

ADOPTIONS = 2
"""How often processes can take over one reply; a worker that releases it resets the count."""

ROUND = 1.0
"""How often to look for such replies, in seconds."""

TRUST = 3
"""How many looks in a row must find that owners could renew before we trust an expired lease."""

logger = logging.getLogger(__name__)


class Adopter:
    """Looks for replies whose worker is gone, as long as the process runs; `adopt(trusted)` takes them.

    After the database was locked or away, living owners get time to renew first. After each look it
    also calls `send_queued()`, for a message whose page is closed or whose worker died at the end of the answer.
    """

    def __init__(self, database: Database, adopt: Callable[[bool], None], send_queued: Callable[[], None]):
        self.database = database
        self.adopt = adopt
        self.send_queued = send_queued
        self._renewable = 0
        self._looked = 0.0

    def start(self) -> None:
        threading.Thread(target=self._work, name="adoption", daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                self.check()
                self.send_queued()
            except DatabaseAway:
                self._renewable = 0
            except Exception as error:
                report(logger, "the scan for orphaned replies", error)
            time.sleep(ROUND)

    def check(self) -> None:
        """Look once. Raises DatabaseAway."""
        late = leases.late_owners(self.database)
        trusted = bool(late - {None}) and self._is_trusted()
        if trusted or None in late:
            self.adopt(trusted)

    def _is_trusted(self) -> bool:
        """Return whether owners could renew at each of the last looks; looks before this process slept don't count."""
        leases.require_renewable(self.database)
        now = time.monotonic()
        self._renewable = self._renewable + 1 if now - self._looked < 2 * ROUND else 1
        self._looked = now
        return self._renewable >= TRUST


def adopt(database: Database, resume: Callable[[Adoption, str], None], trusted: bool = True) -> None:
    """Take all replies whose worker is gone, and resume or end each one."""
    owner = secrets.token_hex(16)
    for reply in leases.take_ownerless(database, owner, trusted):
        try:
            adopt_one(database, reply, owner, resume)
        except DatabaseAway:
            pass  # its lease runs out
        except Exception as error:
            report(logger, f"the adoption of reply {reply.id}", error)


def adopt_one(database: Database, reply: Adoption, owner: str, resume: Callable[[Adoption, str], None]) -> None:
    """Resume a reply, or end it if a user stopped it or too many attempts failed. Release one that can't be read."""
    if reply.stop or reply.attempts > ADOPTIONS:
        return end_reply(database, reply, owner)
    try:
        resume(reply, owner)
    except DatabaseAway:
        with database.write() as connection:
            leases.release(connection, {reply.id: owner})


def end_reply(database: Database, reply: Adoption, owner: str) -> None:
    """End a reply with what is in its log."""
    said = log.read_pieces(database, reply.id)
    text, reasoning = "".join(said.text), "".join(said.thoughts)
    outcome = STOPPED if reply.stop else fail(GIVEN_UP, "Interrupted", text)
    ending = log.render_ending(reply.id, outcome.state, text, {"error": outcome.error, "reasoning": reasoning})
    with database.write() as connection:
        log.store(connection, [log.ReplyUpdate(reply.id, owner, 0, [], ending)])
