"""Signing in by e-mail and password."""

from __future__ import annotations

from sqlalchemy import Row, bindparam, update

from chat.people import accounts, audit, login_throttle, passwords
from chat.people.accounts import Refused
from chat.people.login_throttle import Try
from chat.storage.database import Database
from chat.storage.tables import people as people_table

SAME = (people_table.c.id == bindparam("person")) & (people_table.c.password == bindparam("known"))
REHASHED = update(people_table).where(SAME).values(password=bindparam("hash"))


class WrongPassword(Refused):
    """Nobody has that e-mail address and that password."""

    def __init__(self) -> None:
        super().__init__("That e-mail address and that password don't belong together. Try again.")


def check(database: Database, tried: Try, email: str, password: str) -> Row:
    """Find who an e-mail address and a password belong to. Raises Refused, in the same words and time for unknown ones.

    Raises TooManyTries where those before were too many. Not within a transaction: hashing takes long.
    """
    rows = login_throttle.begin(database, tried)
    person = accounts.by_email(database, email)
    kept = person.password if person else None
    if not passwords.matches(kept, password) or person is None or person.suspended_at is not None:
        note_failure(database, tried, email)
        raise WrongPassword
    login_throttle.succeed(database, tried, rows)
    return strengthened(database, person, password)


def note_failure(database: Database, tried: Try, email: str) -> None:
    """Write down a failure after which somebody has to wait: those before it happen to everybody."""
    with database.write() as connection:
        if login_throttle.wait_of(connection, tried.account) > 0:
            audit.note_throttled(connection, accounts.plain(email))


def strengthened(database: Database, person: Row, password: str) -> Row:
    """Keep a password by today's parameters, where it was kept by others."""
    if not passwords.is_outdated(person.password):
        return person
    row = {"person": person.id, "known": person.password, "hash": passwords.hashed(password)}
    with database.write() as connection:
        connection.execute(REHASHED, row)
    return accounts.find(database, person.id) or person
