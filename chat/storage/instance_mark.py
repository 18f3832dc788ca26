"""The mark of an instance, which stands in the names of its cookies.

Browsers tell hosts apart, but no ports: without it, two instances on one host would overwrite each other's cookies.
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
    """Give the mark, 8 characters, the same for all workers; it is made at first need. Raises DatabaseAway."""
    with database.read() as connection:
        known = connection.execute(SELECT_MARK).scalar()
    return known or make_mark(database)


def make_mark(database: Database) -> str:
    """Make the mark, unless another worker was first. Raises DatabaseAway."""
    with suppress(IntegrityError), database.write() as connection:
        connection.execute(INSERT_MARK, {"value": secrets.token_hex(4)})
    with database.read() as connection:
        return connection.execute(SELECT_MARK).scalar_one()
