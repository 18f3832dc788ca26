"""The mark of an instance, a part of its cookies' names.

Browsers ignore ports: without the mark, two instances on one host would overwrite each other's cookies.
"""

from __future__ import annotations

import secrets
from contextlib import suppress

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from chat.storage.database import Database
from chat.storage.tables import options

SELECT_MARK = select(options.c.value).where(options.c.name == "mark")
INSERT_MARK = insert(options).values(name="mark")


def get_mark(database: Database) -> str:
    """Return the mark, 8 characters that all workers share; make it if it is missing. Raises DatabaseAway."""
    with database.read() as connection:
        if known := connection.execute(SELECT_MARK).scalar():
            return known
    with suppress(IntegrityError), database.write() as connection:  # another worker can be first
        connection.execute(INSERT_MARK, {"value": secrets.token_hex(4)})
    with database.read() as connection:
        return connection.execute(SELECT_MARK).scalar_one()
