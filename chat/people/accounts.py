"""Members and admins: find, make, let in, end their sessions."""

from __future__ import annotations

import secrets
from contextlib import suppress
from unicodedata import normalize

from sqlalchemy import Connection, Row, bindparam, delete, exists, insert, select, update

from chat.config.parsers import dns_name
from chat.people import audit
from chat.people.admins import IS_ADMIN
from chat.people.guests import take_along
from chat.storage.database import Database, NotFound, clock
from chat.storage.tables import people, resets, sessions

MEMBER, ADMIN = "member", "admin"
ROLES = (MEMBER, ADMIN)
AN_HOUR = 3_600
LONGEST_EMAIL = 254

PROXY = "by the proxy in front"
"""By whose word somebody is let in at each request, if need be."""

ID = people.c.id == bindparam("person")
SHOWN = select(people.c.id, people.c.email, people.c.name, people.c.role, people.c.password, people.c.suspended_at)
BY_ID = SHOWN.where(ID)
BY_EMAIL = SHOWN.where(people.c.email == bindparam("email"))
HELD = BY_ID.with_for_update()
ACTIVE = select(people.c.id).where(ID, people.c.suspended_at.is_(None)).with_for_update(read=True)
NEW = insert(people).values(created_at=clock()).returning(people.c.id)
PASSWORD = update(people).where(ID).values(password=bindparam("hash"))
PASSWORD_STILL = PASSWORD.where(people.c.password == bindparam("known"))
PARTED = update(people).where(ID).values(subject=None)
LINKS = delete(resets).where(resets.c.person_id == bindparam("person"))
ANY_ACCOUNT = select(exists().where(people.c.email.is_not(None)))
ANY_ADMIN = select(exists().where(IS_ADMIN))
CAME = select(exists().where(sessions.c.person_id == bindparam("person"), sessions.c.created_at > clock() - AN_HOUR))
ENDED = delete(sessions).where(sessions.c.person_id == bindparam("person"))


class Refused(Exception):
    """Somebody may not come in, or not any more; the text says what to do."""


class BadEmail(Exception):
    """An e-mail address can't be one; the text says what to change."""


def find(database: Database, person_id: int) -> Row | None:
    """Find a person."""
    with database.read() as connection:
        return connection.execute(BY_ID, {"person": person_id}).first()


def hold_active(connection: Connection, person_id: int | None) -> None:
    """Keep a person as they are until the transaction ends. Raises NotFound for who was suspended or removed.

    To be taken before all else, as by who suspends them: in two orders they could wait for each other.
    """
    if not connection.execute(ACTIVE, {"person": person_id}).first():
        raise NotFound


def by_email(database: Database, email: str) -> Row | None:
    """Find who has an e-mail address."""
    forms = dict.fromkeys([plain(email), once_plain(email)])
    with database.read() as connection:
        found = (connection.execute(BY_EMAIL, {"email": form}).first() for form in forms)
        return next(filter(None, found), None)


def plain(email: str) -> str:
    """Write an e-mail address as it is kept, so that one person doesn't become two.

    Neither capital letters make a difference, nor how a letter is put together; a domain is written as DNS knows it.
    """
    address = normalize("NFKC", normalize("NFKC", once_plain(email)).lower()).strip()
    name, at, domain = address.rpartition("@")
    with suppress(ValueError):  # that is no domain, which is for others to refuse
        domain = dns_name(domain)
    return f"{name}{at}{domain}"


def once_plain(email: str) -> str:
    """Write an e-mail address as the first versions kept it, who knew capital letters alone."""
    # Postgres knows no NUL.
    return email.replace("\0", " ").strip().lower()


def require_email(email: str) -> str:
    """Give an e-mail address as it is kept. Raises BadEmail where it can't be one."""
    address = plain(email)
    name, _, host = address.rpartition("@")
    is_word = address.isprintable() and " " not in address and len(address) <= LONGEST_EMAIL
    if not (is_word and name and "@" not in name and "." in host.strip(".")):
        raise BadEmail("That is no e-mail address. It looks like name@example.org.")
    return address


def make(connection: Connection, email: str, role: str, password_hash: str | None, name: str = "") -> int:
    """Make a member or an admin. Raises IntegrityError where the e-mail address is somebody's already."""
    row = {"uid": secrets.token_urlsafe(16), "email": plain(email), "name": name or None, "role": role}
    return connection.execute(NEW, row | {"password": password_hash}).scalar_one()


def anyone(database: Database) -> bool:
    """Tell whether anybody has an account here."""
    with database.read() as connection:
        return bool(connection.execute(ANY_ACCOUNT).scalar())


def has_admin(connection: Connection) -> bool:
    """Tell whether there is an admin who can sign in."""
    return bool(connection.execute(ANY_ADMIN).scalar())


def let_in(connection: Connection, person_id: int, guest_id: int | None, known: str | None, by: str = "") -> Row:
    """Let a person in, with what they said as a guest; gives them.

    `known` is the hash that their password matched, if that; `by` tells the log by whose word, where it isn't ours; a
    proxy's is noted once an hour. Nobody changes them until the transaction ends. Raises Refused where they have been
    suspended, removed, or given another password since they were looked at.
    """
    person = connection.execute(HELD, {"person": person_id}).first()
    if person is None or person.suspended_at is not None or (known and person.password != known):
        raise Refused("Your account has changed in this moment. Sign in again.")
    take_along(connection, guest_id, person_id)
    if by != PROXY or not connection.execute(CAME, {"person": person_id}).scalar():
        audit.note(connection, person, "signed_in", by)
    return person


def change_password(connection: Connection, person: Row, password_hash: str) -> None:
    """Give a person another password, unless they got one since theirs was looked at. Raises Refused."""
    row = {"person": person.id, "hash": password_hash, "known": person.password}
    if not connection.execute(PASSWORD_STILL, row).rowcount:
        raise Refused("Your password was changed elsewhere just now. Sign in again.")
    audit.note_own(connection, person.id, "password_changed")
    end_what_it_opened(connection, person.id)


def set_password(connection: Connection, person_id: int, password_hash: str) -> None:
    """Give a person another password, and let nobody in by a sign-in elsewhere that was tied before."""
    connection.execute(PASSWORD, {"person": person_id, "hash": password_hash})
    connection.execute(PARTED, {"person": person_id})
    end_what_it_opened(connection, person_id)


def end_what_it_opened(connection: Connection, person_id: int) -> None:
    """End what whoever knew the old password may have: sessions, and links to set a new one."""
    void_links(connection, person_id)
    end_sessions(connection, person_id)


def void_links(connection: Connection, person_id: int) -> None:
    """Let no link to set a person's password be used any more."""
    connection.execute(LINKS, {"person": person_id})


def end_sessions(connection: Connection, person_id: int) -> None:
    """End all sessions of a person; streams that are open end within seconds, too."""
    connection.execute(ENDED, {"person": person_id})
