"""Continue: the one way back for a reply that has ended to being written."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, Row, insert, select, update

from chat import people
from chat.conversations.queries import owned_reply
from chat.conversations.submission import StillAnswering, lock_leaf
from chat.conversations.turns import LEASE, Turn
from chat.people import rate_limits
from chat.people.rate_limits import Asker
from chat.storage.database import Database, clock
from chat.storage.tables import messages, pieces, replies


class NothingToContinue(Exception):
    """The reply is whole, or has no word to go on from."""


def continue_reply(database: Database, asker: Asker, reply_id: int) -> Turn:
    """Give a reply that broke off back to be written on, in its place and owned by the caller.

    Raises NotFound, StillAnswering, NothingToContinue and TooMany.
    """
    person_id = asker.person_id
    with database.write() as connection:
        people.lock_active(connection, person_id)
        lock_leaf(connection, person_id, owned_reply(connection, person_id, reply_id).conversation_id)
        reply = owned_reply(connection, person_id, reply_id)  # again: another Continue may have been first
        require_unfinished(connection, reply)
        rate_limits.register_send(connection, asker)
        owner = secrets.token_hex(16)
        back = {"state": "generating", "owner": owner, "lease_until": clock() + LEASE, "stop": False, "attempts": 0}
        anew = {"continued": replies.c.continued + 1, "error": None, "finish_reason": None, "ended_at": None}
        going = back | anew | {"address": asker.address}
        connection.execute(update(replies).where(replies.c.id == reply_id).values(going))
        move_to_log(connection, reply)
    return Turn(reply.conversation_id, reply_id, owner, person_id)


def require_unfinished(connection: Connection, reply: Row) -> None:
    """Raise StillAnswering, or NothingToContinue for what is whole, empty, or was gone on from."""
    if reply.state == "generating":
        raise StillAnswering("This answer is still being written. Stop it first, or wait for its end.")
    follows = connection.execute(select(messages.c.id).where(messages.c.parent_id == reply.id)).first()
    whole = reply.state == "complete" and reply.finish_reason != "length"
    if whole or follows or not reply.text.strip():
        raise NothingToContinue("This answer can't be continued. Ask a new question, or try again.")


def move_to_log(connection: Connection, reply: Row) -> None:
    """Make the text of a reply the first piece of its log."""
    connection.execute(insert(pieces).values(reply_id=reply.id, seq=0, text=reply.text))
    connection.execute(update(messages).where(messages.c.id == reply.id).values(text="", html=None))
