"""People: for now guests, who are known by their session alone."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from chat.database import Database, clock
from chat.tables import people

NEW_GUEST = 600
"""How long, in seconds, the form that made a guest may name it again: a double click, not a key for later."""

KNOWN = select(people.c.id, (clock() - people.c.created_at).label("age")).where(people.c.uid == bindparam("uid"))
NEW = insert(people).values(created_at=clock()).returning(people.c.id)


def welcome(database: Database, uid: str) -> int | None:
    """Find or make the guest that a newcomer's form names; None where it is no newcomer's any more.

    Two posts of one form may race here: both get the same guest.
    """
    try:
        return find_or_make(database, uid)
    except IntegrityError:  # the other post was first
        return find_or_make(database, uid)


def find_or_make(database: Database, uid: str) -> int | None:
    """Find a guest that is still new, or make one. Raises IntegrityError where another worker makes it just now."""
    with database.write() as connection:
        person = connection.execute(KNOWN, {"uid": uid}).first()
        if person is None:
            return connection.execute(NEW, {"uid": uid}).scalar_one()
    return person.id if person.age < NEW_GUEST else None
