"""Members and admins: find and create them, start their login, end their sessions."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from unicodedata import normalize

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from chat.config.durations import HOUR
from chat.config.parsers import dns_name
from chat.people import audit
from chat.people.guests import merge_into
from chat.people.person import SELECT_PEOPLE, Actor, Person, load
from chat.storage.database import Database, NotFound, clock
from chat.storage.tables import people, resets, sessions

MEMBER, ADMIN = "member", "admin"
ROLES = (MEMBER, ADMIN)
LONGEST_EMAIL, LONGEST_NAME = 254, 100
SYNTAX = re.compile(r'[\s()<>\[\]:;,"\\]|=\?')
"""What the header of a mail reads as more than an address: names, comments, groups, encoded words."""

PROXY = "through the proxy"
"""How the audit log names a login by AUTH_HEADER, which can happen at each request."""

SUSPENDED = "Your account is suspended. Ask an admin."

IS_PERSON = people.c.id == bindparam("person")
IS_ADMIN = (people.c.role == ADMIN) & people.c.suspended_at.is_(None)
SELECT_BY_ID = SELECT_PEOPLE.where(IS_PERSON)
SELECT_BY_EMAIL = SELECT_PEOPLE.where(people.c.email == bindparam("email"))
LOCK_PERSON = SELECT_BY_ID.with_for_update()
LOCK_ACTIVE = select(people.c.id).where(IS_PERSON, people.c.suspended_at.is_(None)).with_for_update(read=True)
SELECT_ADMIN = select(people.c.id).where(IS_PERSON, IS_ADMIN)
LOCK_ADMIN = SELECT_ADMIN.with_for_update(read=True)
INSERT_PERSON = insert(people).values(created_at=clock()).returning(people.c.id)
UPDATE_NAME = update(people).where(IS_PERSON).values(name=bindparam("given"))
UPDATE_PASSWORD = update(people).where(IS_PERSON).values(password=bindparam("hash"))
UPDATE_SAME_PASSWORD = UPDATE_PASSWORD.where(people.c.password == bindparam("known"))
UPDATE_UNLINKED_PASSWORD = UPDATE_PASSWORD.values(subject=None)
DELETE_RESETS = delete(resets).where(resets.c.person_id == bindparam("person"))
SELECT_ANY_ACCOUNT = select(exists().where(people.c.email.is_not(None)))
SELECT_ANY_ADMIN = select(exists().where(IS_ADMIN))
IS_OF_PERSON = sessions.c.person_id == bindparam("person")
SELECT_RECENT_LOGIN = select(exists().where(IS_OF_PERSON, sessions.c.created_at > clock() - HOUR))
DELETE_SESSIONS = delete(sessions).where(IS_OF_PERSON)


class Refused(Exception):
    """A login, or another use of an account, is not allowed; the text says what to do."""


class BadEmail(Exception):
    """A text is no e-mail address; the message says what to change."""

    field = "email"


def find(database: Database, person_id: int) -> Person | None:
    with database.read() as connection:
        return load(connection, SELECT_BY_ID, person=person_id)


def by_email(database: Database, email: str) -> Person | None:
    with database.read() as connection:
        return load(connection, SELECT_BY_EMAIL, email=normalize_email(email))


def lock_active(connection: Connection, person_id: int | None) -> None:
    """Lock a person's row until the transaction ends. Raises NotFound if they were suspended or removed.

    Lock it before anything else, as a suspension does: then the two can't deadlock.
    """
    if not connection.execute(LOCK_ACTIVE, {"person": person_id}).first():
        raise NotFound


def lock_admin(connection: Connection, by: Actor) -> None:
    """Lock an admin's row until the transaction ends. Raises NotFound if they lost the right since the request began.

    An actor in words is the command line, which can do everything.
    """
    if not isinstance(by, str) and not connection.execute(LOCK_ADMIN, {"person": by.id}).first():
        raise NotFound


def normalize_email(email: str) -> str:
    """Return the one form of an e-mail address that is stored, so that one person can't become two.

    Letters are in lower case and composed; the domain is written as DNS knows it.
    """
    text = email.replace("\0", " ").strip().lower()  # Postgres stores no NUL
    address = normalize("NFKC", normalize("NFKC", text).lower()).strip()
    if address.isascii():
        return address
    name, at, domain = address.rpartition("@")
    with suppress(ValueError):  # no domain: `require_email` refuses it
        domain = dns_name(domain)
    return f"{name}{at}{domain}"


def require_email(email: str) -> str:
    """Return the stored form of an e-mail address. Raises BadEmail."""
    address = normalize_email(email)
    name, _, host = address.rpartition("@")
    is_word = address.isprintable() and len(address) <= LONGEST_EMAIL and not SYNTAX.search(address)
    if not (is_word and name and "@" not in name and "." in host and all(host.split("."))):
        raise BadEmail("Enter a valid email, such as name@example.org.")
    return address


def clean_name(text: str) -> str:
    """Return a typed name as it is stored: one short line."""
    return audit.to_line(text)[:LONGEST_NAME].rstrip()


def rename(database: Database, by: Actor, person_id: int, name: str) -> None:
    """Change a person's name; an empty one removes it. Raises NotFound."""
    name = clean_name(name)
    with database.write() as connection:
        person = load(connection, LOCK_PERSON, person=person_id)
        if person is None:
            raise NotFound
        if person.name == name:
            return
        connection.execute(UPDATE_NAME, {"person": person_id, "given": name or None})
        audit.note(connection, by, "name_changed", f"{person.email}, {name}" if isinstance(by, str) else name)


def create(connection: Connection, email: str, role: str, password_hash: str | None, name: str = "") -> int:
    """Create a member or an admin, and return their id. Raises IntegrityError if the e-mail address is taken."""
    row = {"uid": secrets.token_urlsafe(16), "email": normalize_email(email), "name": name or None, "role": role}
    return connection.execute(INSERT_PERSON, row | {"password": password_hash}).scalar_one()


def has_accounts(database: Database) -> bool:
    with database.read() as connection:
        return bool(connection.execute(SELECT_ANY_ACCOUNT).scalar())


def has_admin(connection: Connection) -> bool:
    """Return whether an admin exists who isn't suspended."""
    return bool(connection.execute(SELECT_ANY_ADMIN).scalar())


def start_login(
    connection: Connection, person_id: int, guest_id: int | None, known: str | None, by: str = ""
) -> Person:
    """Lock a person's row, merge a guest's conversations into the account, and note the login.

    `known` is the hash that their password matched. `by` names another authority than the password; logins by a proxy
    are noted once an hour. Raises Refused if the person was suspended or removed, or has another password by now.
    """
    person = load(connection, LOCK_PERSON, person=person_id)
    if person is None or person.suspended_at is not None or (known and person.password != known):
        raise Refused("Your account was changed. Sign in again.")
    if guest_id is not None:
        merge_into(connection, guest_id, person_id)
    if by != PROXY or not connection.execute(SELECT_RECENT_LOGIN, {"person": person_id}).scalar():
        audit.note(connection, person, "signed_in", by)
    return person


def change_password(connection: Connection, person: Person, password_hash: str) -> None:
    """Replace a person's password. Raises Refused if it is no longer the one in `person`."""
    row = {"person": person.id, "hash": password_hash, "known": person.password}
    if not connection.execute(UPDATE_SAME_PASSWORD, row).rowcount:
        raise Refused("Your password was changed elsewhere. Sign in again.")
    audit.note_own(connection, person.id, "password_changed")
    end_access(connection, person.id)


def set_password(connection: Connection, person_id: int, password_hash: str) -> None:
    """Set a person's password, and unlink their external sign-in."""
    connection.execute(UPDATE_UNLINKED_PASSWORD, {"person": person_id, "hash": password_hash})
    end_access(connection, person_id)


def end_access(connection: Connection, person_id: int) -> None:
    """End everything that the old password opened: sessions and reset links."""
    connection.execute(DELETE_RESETS, {"person": person_id})
    end_sessions(connection, person_id)


def end_sessions(connection: Connection, person_id: int) -> None:
    """End all sessions of a person; their open streams end within seconds."""
    connection.execute(DELETE_SESSIONS, {"person": person_id})
