"""Admins: whoever does what only they may is still one in the transaction that does it."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from chat.people.person import Actor
from chat.storage.database import NotFound
from chat.storage.tables import people

IS_ADMIN = (people.c.role == "admin") & people.c.suspended_at.is_(None)
SELECT_ADMIN = select(people.c.id).where(people.c.id == bindparam("person"), IS_ADMIN)
LOCK_ADMIN = SELECT_ADMIN.with_for_update(read=True)


def lock_admin(connection: Connection, by: Actor) -> None:
    """Keep an admin as they are until the transaction ends; in words it is the command line, which may all.

    Raises NotFound for who lost the right since their request began, which may have been long ago.
    """
    if not isinstance(by, str) and not connection.execute(LOCK_ADMIN, {"person": by.id}).first():
        raise NotFound
