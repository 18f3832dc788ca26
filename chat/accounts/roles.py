"""Roles: who is an admin, who is suspended, who is removed. There is always an admin who can sign in.

What is changed holds from the next request on: in the same transaction the person's sessions end, and so do the
answers being written for somebody who may not ask any more.
"""

from __future__ import annotations

from sqlalchemy import Connection, Integer, Row, bindparam, delete, func, select, update

from chat import audit
from chat.accounts import invites, people
from chat.database import Database, NotFound, clock
from chat.engines import overwrite_deleted
from chat.tables import conversations, messages, replies, resets
from chat.tables import people as table

LOCK = select(func.pg_advisory_xact_lock(5, 0))

PERSON = bindparam("person", type_=Integer)
WITH_ACCOUNT = table.c.role.in_(people.ROLES)
FOUND = select(table).where(table.c.id == PERSON, WITH_ACCOUNT)
ADMIN = (table.c.role == people.ADMIN) & table.c.suspended_at.is_(None)
OTHER_ADMIN = select(table.c.id).where(ADMIN, table.c.id != PERSON).limit(1)

THIS = table.c.id == PERSON
GIVEN = update(table).where(THIS).values(role=bindparam("given"))
SUSPENDED = update(table).where(THIS).values(suspended_at=clock())
RESUMED = update(table).where(THIS).values(suspended_at=None)
REMOVED = delete(table).where(THIS)
ALL_RESETS = delete(resets)

# The conversations first, as wherever a reply ends.
HELD = select(conversations.c.id).where(conversations.c.person_id == PERSON).order_by(conversations.c.id)
RUNNING = (
    select(messages.c.id)
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .join(replies, replies.c.id == messages.c.id)
    .where(conversations.c.person_id == PERSON, replies.c.state == "generating")
)
# From parent to child SQLite would delete a thousand messages, and no more.
HELD_ONE = select(conversations.c.id).where(conversations.c.id == bindparam("whole")).with_for_update()
LOOSENED = update(messages).where(messages.c.conversation_id == bindparam("whole")).values(parent_id=None)
FORGOTTEN = delete(conversations).where(conversations.c.id == bindparam("whole"))
STOPPED = update(replies).where(replies.c.id.in_(RUNNING)).values(stop=True).returning(replies.c.id)


class LastAdmin(Exception):
    """Nobody could look after this instance any more; the message says what to do first."""


def change(database: Database, by: Row | str, person_id: int, role: str) -> None:
    """Make a person a member or an admin. Raises NotFound and LastAdmin."""
    if role not in people.ROLES:
        raise NotFound
    with database.write() as connection:
        person = held(connection, by, person_id)
        if person.role == role:
            return
        if role != people.ADMIN:
            lose_rights(connection, person)
        people.end_sessions(connection, person_id)
        connection.execute(GIVEN, {"person": person_id, "given": role})
        audit.note(connection, by, "role_changed", f"{audit.name_of(person)} is {role} now")


def suspend(database: Database, by: Row | str, person_id: int) -> list[int]:
    """Keep a person out, and stop what is being written for them; gives these replies. Raises NotFound and LastAdmin.

    Replies that other processes write stop within a second.
    """
    with database.write() as connection:
        person = held(connection, by, person_id)
        if person.suspended_at is not None:
            return []
        stopped = shut_out(connection, person)
        connection.execute(SUSPENDED, {"person": person_id})
        audit.note(connection, by, "suspended", audit.name_of(person))
    return stopped


def resume(database: Database, by: Row | str, person_id: int) -> None:
    """Let a suspended person in again. Raises NotFound."""
    with database.write() as connection:
        person = held(connection, by, person_id)
        if person.suspended_at is not None:
            connection.execute(RESUMED, {"person": person_id})
            audit.note(connection, by, "resumed", audit.name_of(person))


def remove(database: Database, by: Row | str, person_id: int) -> list[int]:
    """Delete a person with all that is theirs, for good; gives the replies that were being written.

    They are suspended first: where this breaks off they stay so, and are removed by doing it again. Raises NotFound and
    LastAdmin.
    """
    with database.write() as connection:
        person = held(connection, by, person_id)
        stopped = shut_out(connection, person)
        connection.execute(SUSPENDED, {"person": person_id})
    forget(database, person_id)
    with database.write() as connection:
        if connection.execute(REMOVED, {"person": person_id}).rowcount:
            audit.note(connection, by, "removed", audit.name_of(person))
    return stopped


def forget(database: Database, person_id: int) -> None:
    """Delete what somebody said, a conversation a transaction: all at once would keep others waiting for seconds."""
    with database.read() as connection:
        theirs = connection.execute(HELD, {"person": person_id}).scalars().all()
    for conversation_id in theirs:
        with database.write() as connection:
            overwrite_deleted(connection)
            for statement in (HELD_ONE, LOOSENED, FORGOTTEN):
                connection.execute(statement, {"whole": conversation_id})


def held(connection: Connection, by: Row | str, person_id: int) -> Row:
    """Find a person whose rights somebody changes, while nobody else changes any. Raises NotFound.

    Also where whoever changes them has lost the right to, since the request began.
    """
    alone(connection)
    if not isinstance(by, str) and not connection.execute(FOUND.where(ADMIN), {"person": by.id}).first():
        raise NotFound
    # Nor signs them in meanwhile.
    person = connection.execute(FOUND.with_for_update(), {"person": person_id}).first()
    if person is None:
        raise NotFound
    return person


def alone(connection: Connection) -> None:
    """Let nobody else change rights until the transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(LOCK)


def lose_rights(connection: Connection, person: Row) -> None:
    """Let nothing remain of an admin's rights: others can't come in by invites of theirs. Raises LastAdmin."""
    if person.role != people.ADMIN:
        return
    if not connection.execute(OTHER_ADMIN, {"person": person.id}).first():
        raise LastAdmin(f"{audit.name_of(person)} is the last admin. Make somebody else an admin first.")
    invites.revoke_all_of(connection, person.id)
    connection.execute(ALL_RESETS)  # who made them isn't kept, and they live half an hour


def shut_out(connection: Connection, person: Row) -> list[int]:
    """End all by which a person is here: rights, sessions, links, and answers that are being written."""
    lose_rights(connection, person)
    people.end_sessions(connection, person.id)
    people.void_links(connection, person.id)
    connection.execute(HELD.with_for_update(), {"person": person.id})
    return list(connection.execute(STOPPED, {"person": person.id}).scalars())
