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

VALUE = select(options.c.value).where(options.c.name == "mark")
NEW = insert(options).values(name="mark")


def mark(database: Database) -> str:
    """Give the mark, 8 characters, the same for all workers; it is made at first need. Raises DatabaseAway."""
    with database.read() as connection:
        known = connection.execute(VALUE).scalar()
    return known or new_mark(database)


def new_mark(database: Database) -> str:
    """Make the mark, unless another worker was first. Raises DatabaseAway."""
    with suppress(IntegrityError), database.write() as connection:
        connection.execute(NEW, {"value": secrets.token_hex(4)})
    with database.read() as connection:
        return connection.execute(VALUE).scalar_one()
