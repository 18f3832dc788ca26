"""Resets: links by which a person sets a new password, once, within half an hour."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert

from chat.people import accounts, audit, link_tokens
from chat.people.person import SELECT_PEOPLE, Person, load
from chat.people.sessions import digest
from chat.storage.database import Database, NotFound, clock
from chat.storage.tables import people as people_table
from chat.storage.tables import resets

LASTS = 1_800
"""How long a link can be used, in seconds."""

IS_VALID = link_tokens.is_named(resets) & link_tokens.is_unexpired(resets)
SELECT_PERSON = SELECT_PEOPLE.join(resets, people_table.c.id == resets.c.person_id).where(
    IS_VALID, people_table.c.suspended_at.is_(None)
)
INSERT_RESET = insert(resets).values(expires_at=clock() + LASTS)
DELETE_USED = delete(resets).where(IS_VALID).returning(resets.c.person_id)
DELETE_EXPIRED = delete(resets).where(~link_tokens.is_unexpired(resets))


def create(connection: Connection, person_id: int) -> str:
    """Make the token of a link for a person, of 256 bits; earlier ones are void."""
    token, token_digest = link_tokens.create()
    connection.execute(accounts.LOCK_PERSON, {"person": person_id})  # before their links, as by who suspends them
    connection.execute(DELETE_EXPIRED)
    accounts.delete_resets(connection, person_id)
    connection.execute(INSERT_RESET, {"digest": token_digest, "person_id": person_id})
    return token


def find(database: Database, token: str) -> Person:
    """Find whose link it is. Raises NotFound where it can't be used, whatever is the matter with it."""
    return Person(*link_tokens.find(database, SELECT_PERSON, token))


def redeem(database: Database, token: str, password_hash: str) -> int:
    """Set the password of whose link it is, and end their sessions; gives their id. Raises NotFound the second time."""
    with database.write() as connection:
        whose = load(connection, SELECT_PERSON, token_digest=digest(token))
        if whose is None or not connection.execute(accounts.LOCK_PERSON, {"person": whose.id}).first():
            raise NotFound
        person_id = connection.execute(DELETE_USED, {"token_digest": digest(token)}).scalar()
        if person_id is None:
            raise NotFound
        accounts.set_password(connection, person_id, password_hash)
        audit.note_own(connection, person_id, "reset_used")
        return person_id
