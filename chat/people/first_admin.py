"""The first admin: made by whoever can read the log, or set the environment; never by being first.

The one-time link's token is derived from SECRET_KEY and a random value in the database, so that all workers know the
same one, and neither of the two opens anything alone.
"""

from __future__ import annotations

import hmac
import secrets
from contextlib import suppress

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from chat.config import Settings, WrongSetting
from chat.config.secret_key import derive_key
from chat.people import accounts, audit, external_login, passwords, roles
from chat.people.accounts import Refused
from chat.people.person import load
from chat.storage import locks
from chat.storage.database import Database
from chat.storage.locks import Lock
from chat.storage.tables import options

IS_CLAIM = options.c.name == "claim"
SELECT_VALUE = select(options.c.value).where(IS_CLAIM)
DELETE_VALUE = delete(options).where(IS_CLAIM)
INSERT_VALUE = insert(options).values(name="claim")

EMAIL_TAKEN = "Somebody with that e-mail address has an account here already."
LINK_USED = "This link has been used, or is none. There is an admin by now: ask for an invite."
ADMIN_SUSPENDED = (
    "ADMIN_EMAIL names somebody who is suspended, so they were not made the admin: `flask user resume` first."
)


def token(database: Database, secret: str) -> str | None:
    """Give the token of the one-time link, made at first need; None where there is an admin."""
    with database.read() as connection:
        if accounts.has_admin(connection):
            return None
        value = connection.execute(SELECT_VALUE).scalar()
    return token_of(secret, value or create_value(database))


def create_value(database: Database) -> str:
    """Make the random value, unless another worker was first."""
    with suppress(IntegrityError), database.write() as connection:
        connection.execute(INSERT_VALUE, {"value": secrets.token_hex(32)})
    with database.read() as connection:
        return connection.execute(SELECT_VALUE).scalar_one()


def token_of(secret: str, value: str) -> str:
    """Derive the token from the two that it takes."""
    return hmac.digest(derive_key(secret, "claim"), value.encode(), "sha256").hex()


def is_open(database: Database, secret: str, given: str) -> bool:
    """Tell whether a token makes an admin."""
    with database.read() as connection:
        return is_valid(connection, secret, given)


def is_valid(connection: Connection, secret: str, given: str) -> bool:
    """Tell whether a token is the one that there is, and nobody is the admin yet."""
    value = connection.execute(SELECT_VALUE).scalar()
    if not value or accounts.has_admin(connection):
        return False
    return hmac.compare_digest(token_of(secret, value).encode(), given.encode())


def create_first_admin(database: Database, secret: str, given: str, email: str, password: str) -> int:
    """Make the first admin; gives their id. Raises BadEmail, BadPassword, and Refused where another one was first."""
    email = accounts.require_email(email)
    passwords.require_good(password, email)
    kept = passwords.hash_password(password)
    try:
        with database.write() as connection:
            require_unclaimed(connection, secret, given)
            return insert_admin(connection, email, kept)
    except IntegrityError as error:
        raise Refused(EMAIL_TAKEN) from error


def promote_member(database: Database, secret: str, given: str, person_id: int) -> None:
    """Make somebody who has an account the first admin. Raises Refused where they may not, or another one was first."""
    with database.write() as connection:
        require_unclaimed(connection, secret, given)
        if not promote(connection, person_id):
            raise Refused(external_login.SUSPENDED)


def require_unclaimed(connection: Connection, secret: str, given: str) -> None:
    """Let one claim after another in; the first one uses the token up. Raises Refused."""
    locks.hold(connection, (Lock.RIGHTS, 0))
    if not is_valid(connection, secret, given):
        raise Refused(LINK_USED)


def set_up(database: Database, settings: Settings) -> list[str]:
    """Make the admin that ADMIN_EMAIL and ADMIN_PASSWORD name, where there is none. Raises WrongSetting.

    Gives what whoever set this up has to know, in a sentence each.
    """
    email, password = settings.admin_email, settings.admin_password
    if not (email or password):
        return []
    with database.read() as connection:
        if accounts.has_admin(connection):
            return []
    try:
        email = accounts.require_email(email)
        passwords.require_good(password, email)
    except (accounts.BadEmail, passwords.BadPassword) as error:
        raise WrongSetting(f"ADMIN_EMAIL and ADMIN_PASSWORD can't be used as they are set. {error}") from error
    return create_from_settings(database, email, password)


def create_from_settings(database: Database, email: str, password: str) -> list[str]:
    """Make an admin, unless another worker, or somebody by the link, is first; gives what is in the way."""
    kept = passwords.hash_password(password)
    with suppress(IntegrityError), database.write() as connection:
        locks.hold(connection, (Lock.RIGHTS, 0))
        if accounts.has_admin(connection):
            return []
        known = load(connection, accounts.SELECT_BY_EMAIL, email=email)
        if known is None:
            insert_admin(connection, email, kept)
        elif not promote(connection, known.id):
            return [ADMIN_SUSPENDED]
    return []


def insert_admin(connection: Connection, email: str, kept: str) -> int:
    """Make a person and have them be the admin; gives their id. Raises IntegrityError."""
    person_id = accounts.create(connection, email, accounts.MEMBER, kept)
    promote(connection, person_id)
    return person_id


def promote(connection: Connection, person_id: int) -> bool:
    """Have somebody be the first admin, and let nobody else claim it; False where they are suspended, or removed.

    Their password stays what it is; they sign in anew, as after every change of rights.
    """
    person = load(connection, accounts.LOCK_PERSON, person=person_id)
    if person is None or person.suspended_at is not None:
        return False
    connection.execute(DELETE_VALUE)
    accounts.end_sessions(connection, person_id)
    connection.execute(roles.UPDATE_ROLE, {"person": person_id, "given": accounts.ADMIN})
    audit.note(connection, person, "account_claimed")
    return True
