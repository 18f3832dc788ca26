"""Resets: links by which a person sets a new password, once, within half an hour."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import Connection, Row, bindparam, delete, insert, select

from chat import audit
from chat.accounts import people
from chat.accounts.people import Refused
from chat.database import Database, clock
from chat.tables import people as people_table
from chat.tables import resets

LASTS = 1_800
"""How long a link can be used, in seconds."""

GONE = "This link has been used, or is too old, or is none. Ask for another one."

IT = resets.c.digest == bindparam("it")
VALID = IT & (resets.c.expires_at > clock())
WHOSE = (
    select(people_table.c.id, people_table.c.email)
    .join_from(resets, people_table, people_table.c.id == resets.c.person_id)
    .where(VALID, people_table.c.suspended_at.is_(None))
)
MADE = insert(resets).values(expires_at=clock() + LASTS)
USED = delete(resets).where(VALID).returning(resets.c.person_id)
DROPPED = delete(resets).where(resets.c.person_id == bindparam("person"))
OLD = delete(resets).where(resets.c.expires_at <= clock())


def make(connection: Connection, person_id: int) -> str:
    """Make the token of a link for a person, of 256 bits; earlier ones are void."""
    token = secrets.token_urlsafe(32)
    connection.execute(OLD)
    connection.execute(DROPPED, {"person": person_id})
    connection.execute(MADE, {"digest": digest(token), "person_id": person_id})
    return token


def find(database: Database, token: str) -> Row | None:
    """Find whose link it is, if it can be used."""
    with database.read() as connection:
        return connection.execute(WHOSE, {"it": digest(token)}).first()


def redeem(database: Database, token: str, password_hash: str) -> int:
    """Set the password of whose link it is, and end their sessions; gives their id. Raises Refused the second time."""
    with database.write() as connection:
        person_id = connection.execute(USED, {"it": digest(token)}).scalar()
        if person_id is None:
            raise Refused(GONE)
        connection.execute(DROPPED, {"person": person_id})
        people.set_password(connection, person_id, password_hash)
        audit.note(connection, connection.execute(people.BY_ID, {"person": person_id}).one(), "reset_used")
        return person_id


def digest(token: str) -> str:
    """Give what the table knows a token by."""
    return hashlib.sha256(token.encode()).hexdigest()
