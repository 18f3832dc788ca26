"""Continue: let a model write on at a reply that broke off."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, insert, select, update

from chat import people
from chat.conversations.queries import lock_leaf, reply_of
from chat.conversations.records import Reply
from chat.conversations.submission import StillAnswering
from chat.conversations.turns import Turn
from chat.people import rate_limits
from chat.people.rate_limits import Asker
from chat.storage.database import Database, clock
from chat.storage.leases import LEASE
from chat.storage.tables import messages, pieces, replies


class NothingToContinue(Exception):
    """The reply is complete, empty, or has an answer below it."""


def continue_reply(database: Database, asker: Asker, reply_id: int) -> Turn:
    """Reopen a reply that broke off, owned by the caller.

    Raises NotFound, StillAnswering, NothingToContinue and TooMany.
    """
    person_id = asker.person_id
    with database.write() as connection:
        people.lock_active(connection, person_id)
        lock_leaf(connection, person_id, reply_of(connection, person_id, reply_id).conversation_id)
        reply = reply_of(connection, person_id, reply_id)  # again: another Continue could have come first
        require_unfinished(connection, reply)
        rate_limits.register_send(connection, asker)
        owner = secrets.token_hex(16)
        back = {"state": "generating", "owner": owner, "lease_until": clock() + LEASE, "stop": False, "attempts": 0}
        cleared = {"continued": replies.c.continued + 1, "error": None, "finish_reason": None, "ended_at": None}
        going = back | cleared | {"address": asker.address}
        connection.execute(update(replies).where(replies.c.id == reply_id).values(going))
        connection.execute(insert(pieces).values(reply_id=reply_id, seq=0, text=reply.text))  # the log begins with it
        connection.execute(update(messages).where(messages.c.id == reply_id).values(text="", html=None))
    return Turn(reply.conversation_id, reply_id, owner, person_id, reply.text)


def require_unfinished(connection: Connection, reply: Reply) -> None:
    """Raise StillAnswering for a running reply, and NothingToContinue."""
    if reply.state == "generating":
        raise StillAnswering("This answer is still being written. Stop it first, or wait for it to finish.")
    follows = connection.execute(select(messages.c.id).where(messages.c.parent_id == reply.id)).first()
    whole = reply.state == "complete" and reply.finish_reason != "length"
    if whole or follows or not reply.text.strip():
        raise NothingToContinue("This answer can't be continued. Retry it or ask a new question.")
