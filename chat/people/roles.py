"""Roles: who is an admin, who is suspended, who is removed. There is always an admin who can sign in.

What is changed holds from the next request on: in the same transaction the person's sessions end, and so do the
answers being written for somebody who may not ask any more.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, Integer, bindparam, delete, select, update

from chat.people import accounts, admins, audit, invites
from chat.people.admins import IS_ADMIN
from chat.people.person import SELECT_PEOPLE, Actor, Person, load
from chat.storage import locks
from chat.storage.database import Database, NotFound, clock
from chat.storage.deletion import delete_part
from chat.storage.locks import Lock
from chat.storage.tables import conversations, messages, replies, resets
from chat.storage.tables import people as people_table

PERSON = bindparam("person", type_=Integer)
LOCK_PERSON = SELECT_PEOPLE.where(accounts.IS_PERSON, people_table.c.role.in_(accounts.ROLES)).with_for_update()
SELECT_OTHER_ADMIN = select(people_table.c.id).where(IS_ADMIN, people_table.c.id != PERSON).limit(1)

UPDATE_ROLE = update(people_table).where(accounts.IS_PERSON).values(role=bindparam("given"))
UPDATE_SUSPENDED = update(people_table).where(accounts.IS_PERSON).values(suspended_at=clock())
UPDATE_RESUMED = update(people_table).where(accounts.IS_PERSON).values(suspended_at=None)
DELETE_PERSON = delete(people_table).where(accounts.IS_PERSON)
DELETE_RESETS = delete(resets)

# The conversations first, as wherever a reply ends.
SELECT_CONVERSATIONS = (
    select(conversations.c.id).where(conversations.c.person_id == PERSON).order_by(conversations.c.id)
)
LOCK_CONVERSATIONS = SELECT_CONVERSATIONS.with_for_update()
LOCK_CONVERSATION = select(conversations.c.id).where(conversations.c.id == bindparam("one")).with_for_update()
SELECT_GENERATING = (
    select(messages.c.id)
    .join(conversations, conversations.c.id == messages.c.conversation_id)
    .join(replies, replies.c.id == messages.c.id)
    .where(conversations.c.person_id == PERSON, replies.c.state == "generating")
)
UPDATE_STOPPED = update(replies).where(replies.c.id.in_(SELECT_GENERATING)).values(stop=True).returning(replies.c.id)


class LastAdmin(Exception):
    """Nobody could look after this instance any more; the message says what to do first."""


def change(database: Database, by: Actor, person_id: int, role: str) -> None:
    """Make a person a member or an admin. Raises NotFound and LastAdmin."""
    if role not in accounts.ROLES:
        raise NotFound
    with database.write() as connection:
        person = lock_person(connection, by, person_id)
        if person.role == role:
            return
        if role != accounts.ADMIN:
            revoke_rights(connection, person)
        accounts.end_sessions(connection, person_id)
        connection.execute(UPDATE_ROLE, {"person": person_id, "given": role})
        audit.note(connection, by, "role_changed", f"{audit.name_of(person)} is {role} now")


def suspend(database: Database, by: Actor, person_id: int) -> list[int]:
    """Keep a person out, and stop what is being written for them; gives these replies. Raises NotFound and LastAdmin.

    Replies that other processes write stop within a second.
    """
    with database.write() as connection:
        person = lock_person(connection, by, person_id)
        if person.suspended_at is not None:
            return []
        stopped = end_access(connection, person)
        connection.execute(UPDATE_SUSPENDED, {"person": person_id})
        audit.note(connection, by, "suspended", audit.name_of(person))
    return stopped


def resume(database: Database, by: Actor, person_id: int) -> None:
    """Let a suspended person in again. Raises NotFound."""
    with database.write() as connection:
        person = lock_person(connection, by, person_id)
        if person.suspended_at is not None:
            connection.execute(UPDATE_RESUMED, {"person": person_id})
            audit.note(connection, by, "resumed", audit.name_of(person))


def remove(database: Database, by: Actor, person_id: int) -> list[int]:
    """Delete a person with all that is theirs, for good; gives the replies that were being written.

    They are suspended first: where this breaks off they stay so, and are removed by doing it again. Raises NotFound and
    LastAdmin.
    """
    with database.write() as connection:
        person = lock_person(connection, by, person_id)
        stopped = end_access(connection, person)
        connection.execute(UPDATE_SUSPENDED, {"person": person_id})
    delete_conversations(database, person_id)
    with database.write() as connection:
        if connection.execute(DELETE_PERSON, {"person": person_id}).rowcount:
            audit.note(connection, by, "removed", audit.name_of(person))
    return stopped


def delete_conversations(database: Database, person_id: int) -> None:
    """Delete what somebody said, a part a transaction: all at once would keep others waiting for seconds."""
    with database.read() as connection:
        theirs = connection.execute(SELECT_CONVERSATIONS, {"person": person_id}).scalars().all()
    for conversation_id in theirs:
        is_gone = False
        while not is_gone:
            with database.write() as connection:
                connection.execute(LOCK_CONVERSATION, {"one": conversation_id})
                is_gone = delete_part(connection, conversation_id)
            time.sleep(0)


def lock_person(connection: Connection, by: Actor, person_id: int) -> Person:
    """Find a person whose rights somebody changes, while nobody else changes any. Raises NotFound.

    Also where whoever changes them has lost the right to, since the request began.
    """
    locks.hold(connection, (Lock.RIGHTS, 0))
    # Under the lock nobody changes the actor either; to hold their row as well could cross with who signs them in.
    if not isinstance(by, str) and not connection.execute(admins.SELECT_ADMIN, {"person": by.id}).first():
        raise NotFound
    # Nor signs them in meanwhile.
    person = load(connection, LOCK_PERSON, person=person_id)
    if person is None:
        raise NotFound
    return person


def revoke_rights(connection: Connection, person: Person) -> None:
    """Let nothing remain of an admin's rights: others can't come in by invites of theirs. Raises LastAdmin."""
    if person.role != accounts.ADMIN:
        return
    if not connection.execute(SELECT_OTHER_ADMIN, {"person": person.id}).first():
        raise LastAdmin(f"{audit.name_of(person)} is the last admin. Make somebody else an admin first.")
    invites.revoke_all_of(connection, person.id)
    connection.execute(DELETE_RESETS)  # who made them isn't kept, and they live half an hour


def end_access(connection: Connection, person: Person) -> list[int]:
    """End all by which a person is here: rights, sessions, links, and answers that are being written."""
    revoke_rights(connection, person)
    accounts.end_sessions(connection, person.id)
    accounts.delete_resets(connection, person.id)
    connection.execute(LOCK_CONVERSATIONS, {"person": person.id})
    return list(connection.execute(UPDATE_STOPPED, {"person": person.id}).scalars())
