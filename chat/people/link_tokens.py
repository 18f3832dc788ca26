"""Tokens of links that are secrets: a table stores the digest of each, and when it expires.

A token is 256 random bits and shown once, to whoever made the link.
"""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam

from chat.people.sessions import digest
from chat.storage.database import Database, NotFound, clock


def create() -> tuple[str, str]:
    """Create a token; gives it and its digest."""
    token = secrets.token_urlsafe(32)
    return token, digest(token)


def is_named(table: Table) -> ColumnElement[bool]:
    """Make the condition for the row of `token_digest`."""
    return table.c.digest == bindparam("token_digest")


def is_unexpired(table: Table) -> ColumnElement[bool]:
    """Make the condition for a row that hasn't expired."""
    return table.c.expires_at > clock()


def find(database: Database, query: Select[Any], token: str) -> Row:
    """Find the row of a link that can be used. Raises NotFound, whatever is the matter with it."""
    with database.read() as connection:
        found = connection.execute(query, {"token_digest": digest(token)}).first()
    if found is None:
        raise NotFound
    return found
