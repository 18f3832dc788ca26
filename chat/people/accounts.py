"""Members and admins: find and create them, start their login, end their sessions."""

from __future__ import annotations

import secrets
from contextlib import suppress
from unicodedata import normalize

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from chat.config.durations import HOUR
from chat.config.parsers import dns_name
from chat.people import audit
from chat.people.admins import IS_ADMIN
from chat.people.guests import merge_into
from chat.people.person import SELECT_PEOPLE, Person, load
from chat.storage.database import Database, NotFound, clock
from chat.storage.tables import people, resets, sessions

MEMBER, ADMIN = "member", "admin"
ROLES = (MEMBER, ADMIN)
LONGEST_EMAIL = 254

PROXY = "by the proxy in front"
"""By whose word somebody is let in at each request, if need be."""

IS_PERSON = people.c.id == bindparam("person")
SELECT_BY_ID = SELECT_PEOPLE.where(IS_PERSON)
SELECT_BY_EMAIL = SELECT_PEOPLE.where(people.c.email == bindparam("email"))
LOCK_PERSON = SELECT_BY_ID.with_for_update()
LOCK_ACTIVE = select(people.c.id).where(IS_PERSON, people.c.suspended_at.is_(None)).with_for_update(read=True)
INSERT_PERSON = insert(people).values(created_at=clock()).returning(people.c.id)
UPDATE_PASSWORD = update(people).where(IS_PERSON).values(password=bindparam("hash"))
UPDATE_SAME_PASSWORD = UPDATE_PASSWORD.where(people.c.password == bindparam("known"))
DELETE_SUBJECT = update(people).where(IS_PERSON).values(subject=None)
DELETE_RESETS = delete(resets).where(resets.c.person_id == bindparam("person"))
SELECT_ANY_ACCOUNT = select(exists().where(people.c.email.is_not(None)))
SELECT_ANY_ADMIN = select(exists().where(IS_ADMIN))
SELECT_RECENT_LOGIN = select(
    exists().where(sessions.c.person_id == bindparam("person"), sessions.c.created_at > clock() - HOUR)
)
DELETE_SESSIONS = delete(sessions).where(sessions.c.person_id == bindparam("person"))


class Refused(Exception):
    """Somebody may not come in, or not any more; the text says what to do."""


class BadEmail(Exception):
    """An e-mail address can't be one; the text says what to change."""


def find(database: Database, person_id: int) -> Person | None:
    """Find a person."""
    with database.read() as connection:
        return load(connection, SELECT_BY_ID, person=person_id)


def lock_active(connection: Connection, person_id: int | None) -> None:
    """Lock a person's row until the transaction ends. Raises NotFound for one who was suspended or removed.

    Lock it before anything else, as a suspension does: then the two can't deadlock.
    """
    if not connection.execute(LOCK_ACTIVE, {"person": person_id}).first():
        raise NotFound


def by_email(database: Database, email: str) -> Person | None:
    """Find who has an e-mail address."""
    forms = dict.fromkeys([normalize_email(email), legacy_email(email)])
    with database.read() as connection:
        found = (load(connection, SELECT_BY_EMAIL, email=form) for form in forms)
        return next(filter(None, found), None)


def normalize_email(email: str) -> str:
    """Write an e-mail address as it is kept, so that one person doesn't become two.

    Neither capital letters make a difference, nor how a letter is put together; a domain is written as DNS knows it.
    """
    address = normalize("NFKC", normalize("NFKC", legacy_email(email)).lower()).strip()
    name, at, domain = address.rpartition("@")
    with suppress(ValueError):  # that is no domain, which is for others to refuse
        domain = dns_name(domain)
    return f"{name}{at}{domain}"


def legacy_email(email: str) -> str:
    """Write an e-mail address as the first versions kept it, who knew capital letters alone."""
    # Postgres knows no NUL.
    return email.replace("\0", " ").strip().lower()


def require_email(email: str) -> str:
    """Give an e-mail address as it is kept. Raises BadEmail where it can't be one."""
    address = normalize_email(email)
    name, _, host = address.rpartition("@")
    is_word = address.isprintable() and " " not in address and len(address) <= LONGEST_EMAIL
    if not (is_word and name and "@" not in name and "." in host.strip(".")):
        raise BadEmail("That is no e-mail address. It looks like name@example.org.")
    return address


def create(connection: Connection, email: str, role: str, password_hash: str | None, name: str = "") -> int:
    """Make a member or an admin. Raises IntegrityError where the e-mail address is somebody's already."""
    row = {"uid": secrets.token_urlsafe(16), "email": normalize_email(email), "name": name or None, "role": role}
    return connection.execute(INSERT_PERSON, row | {"password": password_hash}).scalar_one()


def has_accounts(database: Database) -> bool:
    """Tell whether anybody has an account here."""
    with database.read() as connection:
        return bool(connection.execute(SELECT_ANY_ACCOUNT).scalar())


def has_admin(connection: Connection) -> bool:
    """Tell whether there is an admin who can sign in."""
    return bool(connection.execute(SELECT_ANY_ADMIN).scalar())


def start_login(
    connection: Connection, person_id: int, guest_id: int | None, known: str | None, by: str = ""
) -> Person:
    """Let a person in, with what they said as a guest; gives them.

    `known` is the hash that their password matched, if that; `by` tells the log by whose word, where it isn't ours; a
    proxy's is noted once an hour. Nobody changes them until the transaction ends. Raises Refused where they have been
    suspended, removed, or given another password since they were looked at.
    """
    person = load(connection, LOCK_PERSON, person=person_id)
    if person is None or person.suspended_at is not None or (known and person.password != known):
        raise Refused("Your account has changed in this moment. Sign in again.")
    merge_into(connection, guest_id, person_id)
    if by != PROXY or not connection.execute(SELECT_RECENT_LOGIN, {"person": person_id}).scalar():
        audit.note(connection, person, "signed_in", by)
    return person


def change_password(connection: Connection, person: Person, password_hash: str) -> None:
    """Give a person another password, unless they got one since theirs was looked at. Raises Refused."""
    row = {"person": person.id, "hash": password_hash, "known": person.password}
    if not connection.execute(UPDATE_SAME_PASSWORD, row).rowcount:
        raise Refused("Your password was changed elsewhere just now. Sign in again.")
    audit.note_own(connection, person.id, "password_changed")
    end_access(connection, person.id)


def set_password(connection: Connection, person_id: int, password_hash: str) -> None:
    """Set a person's password, and unlink any sign-in elsewhere."""
    connection.execute(UPDATE_PASSWORD, {"person": person_id, "hash": password_hash})
    connection.execute(DELETE_SUBJECT, {"person": person_id})
    end_access(connection, person_id)


def end_access(connection: Connection, person_id: int) -> None:
    """End all that the old password opened: sessions and reset links."""
    delete_resets(connection, person_id)
    end_sessions(connection, person_id)


def delete_resets(connection: Connection, person_id: int) -> None:
    """Delete a person's reset links."""
    connection.execute(DELETE_RESETS, {"person": person_id})


def end_sessions(connection: Connection, person_id: int) -> None:
    """End all sessions of a person; open streams end within seconds, too."""
    connection.execute(DELETE_SESSIONS, {"person": person_id})
