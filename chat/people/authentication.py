"""Signing in by e-mail and password."""

from __future__ import annotations

from sqlalchemy import bindparam, update

from chat.people import accounts, audit, login_throttle, passwords
from chat.people.accounts import Refused
from chat.people.login_throttle import LoginAttempt
from chat.people.person import Person
from chat.storage.database import Database
from chat.storage.tables import people as people_table

HAS_HASH = (people_table.c.id == bindparam("person")) & (people_table.c.password == bindparam("known"))
UPDATE_HASH = update(people_table).where(HAS_HASH).values(password=bindparam("hash"))


class WrongPassword(Refused):
    """Nobody has that e-mail address and that password."""

    def __init__(self) -> None:
        super().__init__("That e-mail address and that password don't belong together. Try again.")


def authenticate(database: Database, tried: LoginAttempt, email: str, password: str) -> Person:
    """Find who an e-mail address and a password belong to. Raises Refused, in the same words and time for unknown ones.

    Raises TooManyAttempts where those before were too many. Not within a transaction: hashing takes long.
    """
    rows = login_throttle.register_attempt(database, tried)
    person = accounts.by_email(database, email)
    kept = person.password if person else None
    if not passwords.matches(kept, password) or person is None or person.suspended_at is not None:
        note_failure(database, tried, email)
        raise WrongPassword
    login_throttle.clear_failures(database, tried, rows)
    return rehash_if_outdated(database, person, password)


def note_failure(database: Database, tried: LoginAttempt, email: str) -> None:
    """Write down a failure after which somebody has to wait: those before it happen to everybody."""
    with database.write() as connection:
        if login_throttle.wait_of(connection, tried.account) > 0:
            audit.note_throttled(connection, accounts.normalize_email(email))


def rehash_if_outdated(database: Database, person: Person, password: str) -> Person:
    """Keep a password by today's parameters, where it was kept by others."""
    if person.password is None or not passwords.is_outdated(person.password):
        return person
    row = {"person": person.id, "known": person.password, "hash": passwords.hash_password(password)}
    with database.write() as connection:
        connection.execute(UPDATE_HASH, row)
    return accounts.find(database, person.id) or person
