"""Adoption: a reply whose worker is gone goes on here, watched or not.

Each taking is counted before anything is read, called or rendered, so that a text that kills workers kills few.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from functools import partial

from chat.replies import leases, log
from chat.replies.leases import Adoption
from chat.replies.log import render_ending
from chat.replies.outcome import GIVEN_UP, STOPPED, Outcome, fail
from chat.server.logs import report
from chat.storage.database import Database, DatabaseAway

ADOPTIONS = 2
"""How often a reply may be taken up again; a worker that lets go of it sets the count back."""

ROUND = 1.0
"""How often a process looks for such replies, in seconds."""

TRUST = 3
"""After how many looks in a row at which leases could be renewed one that ran out is believed."""

logger = logging.getLogger(__name__)


class Adopter:
    """Looks for replies whose worker is gone, for as long as the process lives: `adopt(trusted)` takes them.

    Where nobody could renew for a while, because the database was held or away, owners that live get theirs back first.
    """

    def __init__(self, database: Database, adopt: Callable[[bool], None]):
        self.database = database
        self.adopt = adopt
        self._renewable = 0
        self._looked = 0.0

    def start(self) -> None:
        """Begin to look, in the background."""
        threading.Thread(target=self._work, name="adoption", daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                self.check()
            except DatabaseAway:
                self._renewable = 0
            except Exception as error:
                report(logger, "a look for replies without a worker", error)
            time.sleep(ROUND)

    def check(self) -> None:
        """Look once. Raises DatabaseAway."""
        late = leases.late_owners(self.database)
        trusted = bool(late - {None}) and self._is_trusted()
        if trusted or None in late:
            self.adopt(trusted)

    def _is_trusted(self) -> bool:
        """Tell whether leases could be renewed at each of the last looks; one before this process slept is none."""
        leases.require_renewable(self.database)
        now = time.monotonic()
        self._renewable = self._renewable + 1 if now - self._looked < 2 * ROUND else 1
        self._looked = now
        return self._renewable >= TRUST


def adopt(database: Database, resume: Callable[[Adoption, str], None], trusted: bool = True) -> None:
    """Take all replies whose worker is gone: `resume(adoption, owner)` them, or end them where that is over."""
    owner = secrets.token_hex(16)
    for reply in leases.take_ownerless(database, owner, trusted):
        try:
            adopt_one(database, reply, owner, resume)
        except DatabaseAway:
            pass  # its lease runs out
        except Exception as error:
            report(logger, f"the adoption of reply {reply.id}", error)


def adopt_one(database: Database, reply: Adoption, owner: str, resume: Callable[[Adoption, str], None]) -> None:
    """Go on with a reply that was taken, or end it: as stopped where that was asked for.

    One that can't be read, as its tables are held, is let go of: nothing was tried with it.
    """
    if reply.stop:
        return end_reply(database, reply.id, owner, lambda _: STOPPED)
    if reply.attempts > ADOPTIONS:
        return end_reply(database, reply.id, owner, partial(fail, GIVEN_UP, "Interrupted"))
    try:
        resume(reply, owner)
    except DatabaseAway:
        with database.write() as connection:
            leases.release(connection, {reply.id: owner})


def end_reply(database: Database, reply_id: int, owner: str, outcome_of: Callable[[str], Outcome]) -> None:
    """End a reply with what its log holds."""
    text = "".join(log.read_pieces(database, reply_id))
    outcome = outcome_of(text)
    ending = render_ending(reply_id, outcome.state, text, {"error": outcome.error})
    with database.write() as connection:
        log.store(connection, [log.ReplyUpdate(reply_id, owner, 0, [], ending)])
