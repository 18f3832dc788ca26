"""Links by which a person sets a new password."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, Integer, bindparam, insert

from chat.database import clock
from chat.sessions import digest
from chat.tables import resets

MINUTES = 30

MADE = insert(resets).values(expires_at=clock() + bindparam("seconds", type_=Integer))


def make(connection: Connection, person_id: int) -> str:
    """Make a link's token, which nothing can tell again."""
    token = secrets.token_urlsafe(32)
    connection.execute(MADE, {"digest": digest(token), "person_id": person_id, "seconds": MINUTES * 60})
    return token
