"""Connecting an account with a sign-in elsewhere, which its owner does who has shown both."""

from __future__ import annotations

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError

from chat.people import accounts, audit
from chat.people.accounts import Refused
from chat.people.external_login import UPDATE_SUBJECT
from chat.people.oidc import Identity
from chat.storage.database import Database
from chat.storage.tables import people as people_table

UPDATE_UNLINKED = (
    update(people_table).where(accounts.IS_PERSON, people_table.c.password.is_not(None)).values(subject=None)
)
SELECT_IS_LINKED = select(exists().where(accounts.IS_PERSON, people_table.c.subject.is_not(None)))


def connect(database: Database, person_id: int, who: Identity) -> None:
    """Tie an account to a sign-in elsewhere, for its owner, who has shown both. Raises Refused."""
    try:
        with database.write() as connection:
            connection.execute(UPDATE_SUBJECT, {"person": person_id, "whom": who.subject})
            audit.note_own(connection, person_id, "sign_on_connected")
    except IntegrityError as error:
        raise Refused("Somebody else's account here is connected with that sign-in already.") from error


def is_connected(database: Database, person_id: int) -> bool:
    """Tell whether somebody can sign in elsewhere for their account."""
    with database.read() as connection:
        return bool(connection.execute(SELECT_IS_LINKED, {"person": person_id}).scalar())


def disconnect(database: Database, person_id: int) -> None:
    """Let nobody in by a sign-in elsewhere any more; an account without a password stays as it is."""
    with database.write() as connection:
        if connection.execute(UPDATE_UNLINKED, {"person": person_id}).rowcount:
            audit.note_own(connection, person_id, "sign_on_disconnected")
