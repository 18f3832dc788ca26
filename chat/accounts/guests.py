"""Guests, who are known by their session alone."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, bindparam, insert, select

from chat.database import clock
from chat.tables import people

NEW_GUEST = 600
"""How long, in seconds, the form that made a guest may name it again: a double click, not a key for later."""

KNOWN = select(people.c.id, (clock() - people.c.created_at).label("age")).where(people.c.uid == bindparam("uid"))
NEW = insert(people).values(created_at=clock()).returning(people.c.id)


def welcome(connection: Connection, uid: str) -> int:
    """Find or make the guest that a newcomer's form names; whoever shows no such name is a guest of another one.

    Raises IntegrityError where another worker makes the same guest at this moment: then it can be found.
    """
    person = connection.execute(KNOWN, {"uid": uid}).first() if uid else None
    if person and person.age < NEW_GUEST:
        return person.id
    # A form that is no newcomer's any more can't show to be its guest.
    name = secrets.token_urlsafe(16) if person or not uid else uid
    return connection.execute(NEW, {"uid": name}).scalar_one()
