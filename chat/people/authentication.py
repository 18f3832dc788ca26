"""Authentication by email address and password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chat.people import accounts, audit, login_throttle, passwords
from chat.people.accounts import Refused
from chat.people.login_throttle import LoginAttempt
from chat.people.person import Person
from chat.storage.database import Database


class WrongPassword(Refused):
    """No active account has that email address and that password."""

    def __init__(self) -> None:
        super().__init__("Wrong email or password.")


@dataclass(frozen=True)
class Verified:
    """A person whose password was right. The attempt counts as failed until `login_throttle.clear_failures`.

    Clear `account` and `rows` last in the transaction that makes use of the success.
    """

    person: Person
    account: str
    rows: Sequence[int]


def authenticate(database: Database, attempt: LoginAttempt, password: str) -> Verified:
    """Find the person of an email address and a password.

    Raises WrongPassword in the same words, after the same time, whether there is an account or not, and
    TooManyAttempts. Not within a transaction: hashing takes long.
    """
    rows = login_throttle.register_attempt(database, attempt)
    person = accounts.by_email(database, attempt.email)
    stored = person.password if person else None
    is_right = passwords.matches(stored, password)
    if not is_right or person is None or stored is None or person.suspended_at is not None:
        note_failure(database, attempt)
        raise WrongPassword
    if passwords.is_outdated(stored):
        person = rehash(database, person, password)
    return Verified(person, attempt.account, rows)


def confirm(database: Database, attempt: LoginAttempt, password: str) -> Person:
    """Check the password of a signed-in person, and clear their failures. Raises as `authenticate` does."""
    verified = authenticate(database, attempt, password)
    with database.write() as connection:
        login_throttle.clear_failures(connection, verified.account, verified.rows)
    return verified.person


def note_failure(database: Database, attempt: LoginAttempt) -> None:
    """Note a failure in the audit log if the next attempt has to wait: everybody mistypes a few times."""
    with database.write() as connection:
        if login_throttle.account_wait(connection, attempt.account) > 0:
            audit.note_throttled(connection, accounts.normalize_email(attempt.email))


def rehash(database: Database, person: Person, password: str) -> Person:
    """Hash a password again with today's parameters, and return the person as stored now."""
    row = {"person": person.id, "known": person.password, "hash": passwords.hash_password(password)}
    with database.write() as connection:
        connection.execute(accounts.UPDATE_SAME_PASSWORD, row)
    return accounts.find(database, person.id) or person
