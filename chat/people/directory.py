"""The directory: all accounts, as admins see them, without their conversations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from chat.people import accounts, audit, password_resets
from chat.people.accounts import ROLES
from chat.people.audit import BEFORE, BEYOND_ALL, PAGE
from chat.people.invites import EmailTaken
from chat.people.person import PUBLIC_COLUMNS, Actor, Person
from chat.storage import locks
from chat.storage.database import Database, NotFound, clock
from chat.storage.locks import Lock
from chat.storage.tables import conversations, sessions
from chat.storage.tables import people as people_table

IS_OPEN = (sessions.c.person_id == people_table.c.id) & (sessions.c.expires_at > clock())
OPEN_SESSIONS = select(func.count()).select_from(sessions).where(IS_OPEN).scalar_subquery()
SELECT_MEMBERS: Select[Any] = select(*PUBLIC_COLUMNS, OPEN_SESSIONS.label("sessions")).where(
    people_table.c.role.in_(ROLES)
)
SELECT_ALL = SELECT_MEMBERS.order_by(people_table.c.email, people_table.c.id)
SELECT_PAGE = SELECT_MEMBERS.where(people_table.c.id < BEFORE).order_by(people_table.c.id.desc()).limit(PAGE + 1)
SELECT_ONE = SELECT_MEMBERS.where(accounts.IS_PERSON)
SELECT_BY_EMAIL = SELECT_MEMBERS.where(people_table.c.email == bindparam("email"))
COUNT_MEMBERS = select(func.count()).select_from(people_table).where(people_table.c.role.in_(ROLES))
COUNT_CONVERSATIONS = (
    select(func.count()).select_from(conversations).where(conversations.c.person_id == bindparam("person"))
)


@dataclass(frozen=True)
class Member(Person):
    """A member or an admin, with the number of their sessions."""

    sessions: int


def page(database: Database, before: int | None = None) -> list[Member]:
    """List the newest members, or the members before an id: one more than a page shows, if there are more."""
    with database.read() as connection:
        rows = connection.execute(SELECT_PAGE, {"before": BEYOND_ALL if before is None else before})
        return [Member(*row) for row in rows]


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(COUNT_MEMBERS).scalar_one()


def everyone(database: Database) -> list[Member]:
    """List all members by email address."""
    with database.read() as connection:
        return [Member(*row) for row in connection.execute(SELECT_ALL)]


def find(database: Database, person_id: int) -> Member:
    """Find a member. Raises NotFound."""
    with database.read() as connection:
        return find_one(connection, SELECT_ONE, person=person_id)


def by_email(database: Database, email: str) -> Member:
    """Find the member with an email address in its stored form. Raises NotFound."""
    with database.read() as connection:
        return find_one(connection, SELECT_BY_EMAIL, email=email)


def find_one(connection: Connection, query: Select[Any], **known: int | str) -> Member:
    row = connection.execute(query, known).first()
    if row is None:
        raise NotFound
    return Member(*row)


def count_conversations(database: Database, person_id: int) -> int:
    with database.read() as connection:
        return connection.execute(COUNT_CONVERSATIONS, {"person": person_id}).scalar_one()


def add(database: Database, by: Actor, email: str, role: str, name: str, password_hash: str | None) -> Member:
    """Create an account; without a password its owner needs a reset link. Raises EmailTaken."""
    try:
        with database.write() as connection:
            accounts.lock_admin(connection, by)
            person_id = accounts.create(connection, email, role, password_hash, accounts.clean_name(name))
            audit.note(connection, by, "person_added", f"{email}, {role}")
            return find_one(connection, SELECT_ONE, person=person_id)
    except IntegrityError as error:
        raise EmailTaken(f"{email} already has an account.") from error


def create_reset(database: Database, by: Actor, person_id: int) -> str:
    """Create a reset link for a member, and return its token. Raises NotFound."""
    with database.write() as connection:
        locks.hold(connection, (Lock.RIGHTS, 0))  # two admins who do this for each other would deadlock
        accounts.lock_admin(connection, by)
        person = find_one(connection, SELECT_ONE, person=person_id)
        audit.note(connection, by, "reset_made", audit.name_of(person))
        return password_resets.create(connection, person.id)
