"""Signing in by e-mail and password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, update

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


@dataclass(frozen=True)
class Verified:
    """A person whose password was right; the attempt counts as failed until it is cleared."""

    person: Person
    attempt: LoginAttempt
    rows: Sequence[int]

    def clear(self, connection: Connection) -> None:
        """Clear the failures, last in the transaction that makes use of the success."""
        login_throttle.clear_failures(connection, self.attempt, self.rows)


def authenticate(database: Database, attempt: LoginAttempt, password: str) -> Verified:
    """Find whose e-mail address and password these are. Raises Refused, in the same words and time for unknown ones.

    Raises TooManyAttempts after too many failures. Not within a transaction: hashing takes long.
    """
    rows = login_throttle.register_attempt(database, attempt)
    person = accounts.by_email(database, attempt.email)
    kept = person.password if person else None
    if not passwords.matches(kept, password) or person is None or person.suspended_at is not None:
        note_failure(database, attempt)
        raise WrongPassword
    return Verified(rehash_if_outdated(database, person, password), attempt, rows)


def confirm(database: Database, attempt: LoginAttempt, password: str) -> Person:
    """Do what `authenticate` does for who is signed in, and clear the failures at once. Raises Refused."""
    verified = authenticate(database, attempt, password)
    with database.write() as connection:
        verified.clear(connection)
    return verified.person


def note_failure(database: Database, attempt: LoginAttempt) -> None:
    """Write down a failure after which somebody has to wait: those before it happen to everybody."""
    with database.write() as connection:
        if login_throttle.wait_of(connection, attempt.account) > 0:
            audit.note_throttled(connection, accounts.normalize_email(attempt.email))


def rehash_if_outdated(database: Database, person: Person, password: str) -> Person:
    """Hash a password again where its hash has other parameters than today's."""
    if person.password is None or not passwords.is_outdated(person.password):
        return person
    row = {"person": person.id, "known": person.password, "hash": passwords.hash_password(password)}
    with database.write() as connection:
        connection.execute(UPDATE_HASH, row)
    return accounts.find(database, person.id) or person
