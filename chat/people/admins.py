"""Admins: each admin action checks the right in its own transaction."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from chat.people.person import Actor
from chat.storage.database import NotFound
from chat.storage.tables import people

IS_ADMIN = (people.c.role == "admin") & people.c.suspended_at.is_(None)
SELECT_ADMIN = select(people.c.id).where(people.c.id == bindparam("person"), IS_ADMIN)
LOCK_ADMIN = SELECT_ADMIN.with_for_update(read=True)


def lock_admin(connection: Connection, by: Actor) -> None:
    """Lock an admin's row until the transaction ends. Raises NotFound if they lost the right since the request began.

    An actor in words is the command line, which can do everything.
    """
    if not isinstance(by, str) and not connection.execute(LOCK_ADMIN, {"person": by.id}).first():
        raise NotFound
