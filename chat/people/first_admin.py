"""The first admin: created by a one-time link in the log or by the environment, never by signing up first.

The link's token is derived from SECRET_KEY and a random value in the database. So all workers know the same token, and
neither of the two is enough alone.
"""

from __future__ import annotations

import hmac
import secrets
from contextlib import suppress

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from chat.config import Settings, WrongSetting, address_of
from chat.config.secret_key import derive_key
from chat.people import accounts, audit, passwords, roles
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

EMAIL_TAKEN = "An account with this email already exists."
LINK_USED = "This setup link is no longer valid. Ask an admin for an invite."
ADMIN_SUSPENDED = "ADMIN_EMAIL is a suspended account, so it wasn't made admin. Run `flask user reinstate` first."


def token(database: Database, secret: str) -> str | None:
    """Return the token of the one-time link, creating its value if needed; None if there is an admin."""
    with database.read() as connection:
        if accounts.has_admin(connection):
            return None
        value = connection.execute(SELECT_VALUE).scalar()
    return token_of(secret, value or create_value(database))


def create_value(database: Database) -> str:
    """Insert a random value, unless another worker was first, and return the stored one."""
    with suppress(IntegrityError), database.write() as connection:
        connection.execute(INSERT_VALUE, {"value": secrets.token_hex(32)})
    with database.read() as connection:
        return connection.execute(SELECT_VALUE).scalar_one()


def token_of(secret: str, value: str) -> str:
    return hmac.digest(derive_key(secret, "claim"), value.encode(), "sha256").hex()


def is_open(database: Database, secret: str, given: str) -> bool:
    """Return whether a token can create the first admin."""
    with database.read() as connection:
        return is_valid(connection, secret, given)


def is_valid(connection: Connection, secret: str, given: str) -> bool:
    value = connection.execute(SELECT_VALUE).scalar()
    if not value or accounts.has_admin(connection):
        return False
    return hmac.compare_digest(token_of(secret, value).encode(), given.encode())


def create_first_admin(database: Database, secret: str, given: str, email: str, password: str, name: str = "") -> int:
    """Create the first admin, and return their id. Raises BadEmail, BadPassword, and Refused for a used link."""
    email = accounts.require_email(email)
    name = accounts.clean_name(name)
    passwords.require_good(password, email, name)
    password_hash = passwords.hash_password(password)
    try:
        with database.write() as connection:
            require_unclaimed(connection, secret, given)
            return insert_admin(connection, email, password_hash, name)
    except IntegrityError as error:
        raise Refused(EMAIL_TAKEN) from error


def promote_member(database: Database, secret: str, given: str, person_id: int) -> None:
    """Make a member the first admin. Raises Refused for a suspended member or a used link."""
    with database.write() as connection:
        require_unclaimed(connection, secret, given)
        if not promote(connection, person_id):
            raise Refused(accounts.SUSPENDED)


def require_unclaimed(connection: Connection, secret: str, given: str) -> None:
    """Let one claim at a time continue. Raises Refused if the link was used."""
    locks.hold(connection, (Lock.RIGHTS, 0))
    if not is_valid(connection, secret, given):
        raise Refused(LINK_USED)


def invitation(database: Database, settings: Settings, secret: str) -> list[str]:
    """Write the log line with the one-time link; empty if there is an admin, or a team needs none."""
    claim = token(database, secret) if settings.access == "team" else None
    if not claim:
        return []
    where = address_of(settings)
    hint = "" if where else " (append to this server's URL)"
    return [f"No admin yet. Open this link to create the admin account{hint}: {where}/claim/{claim}"]


def set_up(database: Database, settings: Settings) -> list[str]:
    """Create the admin of ADMIN_EMAIL and ADMIN_PASSWORD if there is none. Raises WrongSetting.

    Returns sentences for the log.
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
        raise WrongSetting(f"ADMIN_EMAIL or ADMIN_PASSWORD is invalid. {error}") from error
    return create_from_settings(database, email, password)


def create_from_settings(database: Database, email: str, password: str) -> list[str]:
    """Create an admin, unless another worker or the one-time link was first. Returns a sentence if it can't."""
    password_hash = passwords.hash_password(password)
    with suppress(IntegrityError), database.write() as connection:
        locks.hold(connection, (Lock.RIGHTS, 0))
        if accounts.has_admin(connection):
            return []
        known = load(connection, accounts.SELECT_BY_EMAIL, email=email)
        if known is None:
            insert_admin(connection, email, password_hash)
        elif not promote(connection, known.id):
            return [ADMIN_SUSPENDED]
    return []


def insert_admin(connection: Connection, email: str, password_hash: str, name: str = "") -> int:
    """Insert a person as the first admin, and return their id. Raises IntegrityError."""
    person_id = accounts.create(connection, email, accounts.MEMBER, password_hash, name)
    promote(connection, person_id)
    return person_id


def promote(connection: Connection, person_id: int) -> bool:
    """Make a person the first admin, and void the link. Returns False if they are suspended or removed.

    They keep their password, and sign in again, as after every change of role.
    """
    person = load(connection, accounts.LOCK_PERSON, person=person_id)
    if person is None or person.suspended_at is not None:
        return False
    connection.execute(DELETE_VALUE)
    accounts.end_sessions(connection, person_id)
    connection.execute(roles.UPDATE_ROLE, {"person": person_id, "given": accounts.ADMIN})
    audit.note(connection, person, "account_claimed")
    return True
