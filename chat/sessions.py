"""Where sessions are kept: a table of ours behind Flask-Session's cachelib type.

A session says who somebody is and nothing else. The table holds a digest of each id, so that a copy of the database
opens no one's session.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cachelib.base import BaseCache
from sqlalchemy import Integer, bindparam, delete, insert, select, update

from chat.database import Database, clock
from chat.tables import sessions

IT = sessions.c.id == bindparam("it")
UNTIL = clock() + bindparam("seconds", type_=Integer)
DATA = select(sessions.c.data).where(IT, sessions.c.expires_at > clock())
KEPT = update(sessions).where(IT).values(expires_at=UNTIL)
MADE = insert(sessions).values(id=bindparam("it"), expires_at=UNTIL)
OLD = delete(sessions).where(sessions.c.expires_at < clock())
DROPPED = delete(sessions).where(IT)


class SessionStore(BaseCache):
    """Sessions as JSON in the database; only what Flask-Session asks of a cache."""

    def __init__(self, database: Database):
        super().__init__()
        self.database = database

    def get(self, key: str) -> Any:
        """Find a session's data; None where there is none, or it has expired."""
        with self.database.read() as connection:
            data = connection.execute(DATA, {"it": digest(key)}).scalar()
        return None if data is None else json.loads(data)

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        """Keep a session's data for `timeout` seconds, and drop what has expired."""
        row = {"it": digest(key), "data": json.dumps(value), "seconds": int(timeout)}
        with self.database.write() as connection:
            connection.execute(OLD)
            # Not dropped and made anew, which two requests of one visitor can't do at once in Postgres.
            if not connection.execute(KEPT, row).rowcount:
                connection.execute(MADE, row)
        return True

    def delete(self, key: str) -> bool:
        """Drop a session."""
        with self.database.write() as connection:
            return connection.execute(DROPPED, {"it": digest(key)}).rowcount > 0


def digest(key: str) -> str:
    """Give what the table knows a session id by."""
    return hashlib.sha256(key.encode()).hexdigest()
