"""Tokens of secret links: a table stores the digest of each, and when it expires.

A token is 256 random bits. Only the person who created the link sees it, once.
"""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam

from chat.people.sessions import digest
from chat.storage.database import Database, NotFound, clock


def create() -> tuple[str, str]:
    """Create a token, and return it with its digest."""
    token = secrets.token_urlsafe(32)
    return token, digest(token)


def is_named(table: Table) -> ColumnElement[bool]:
    """Build the condition for the row of `token_digest`."""
    return table.c.digest == bindparam("token_digest")


def is_unexpired(table: Table) -> ColumnElement[bool]:
    return table.c.expires_at > clock()


def find(database: Database, query: Select[Any], token: str) -> Row:
    """Find the row of a link. Raises NotFound if it can't be used, for whatever reason."""
    with database.read() as connection:
        found = connection.execute(query, {"token_digest": digest(token)}).first()
    if found is None:
        raise NotFound
    return found
