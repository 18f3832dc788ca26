"""Roles: change a role, suspend, resume and remove people. There is always an admin who can sign in.

A change holds from the next request on: the same transaction ends the person's sessions. A suspension or a removal
also stops the answers being written for them.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, Integer, bindparam, delete, select, update

from chat.people import accounts, audit, invites
from chat.people.person import SELECT_PEOPLE, Actor, Person, load
from chat.storage import locks
from chat.storage.database import Database, NotFound, clock
from chat.storage.deletion import delete_part
from chat.storage.locks import Lock
from chat.storage.tables import conversations, messages, replies, resets
from chat.storage.tables import people as people_table

NAMES = {accounts.MEMBER: "a member", accounts.ADMIN: "an admin"}

PERSON = bindparam("person", type_=Integer)
LOCK_PERSON = SELECT_PEOPLE.where(accounts.IS_PERSON, people_table.c.role.in_(accounts.ROLES)).with_for_update()
SELECT_OTHER_ADMIN = select(people_table.c.id).where(accounts.IS_ADMIN, people_table.c.id != PERSON).limit(1)

UPDATE_ROLE = update(people_table).where(accounts.IS_PERSON).values(role=bindparam("given"))
UPDATE_SUSPENDED = update(people_table).where(accounts.IS_PERSON).values(suspended_at=clock())
UPDATE_RESUMED = update(people_table).where(accounts.IS_PERSON).values(suspended_at=None)
DELETE_PERSON = delete(people_table).where(accounts.IS_PERSON)
DELETE_RESETS = delete(resets)

# Lock conversations before replies, as everywhere.
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
    """The change would leave this instance without an admin; the message says what to do first."""


def change(database: Database, by: Actor, person_id: int, role: str) -> None:
    """Change a person's role. Raises NotFound and LastAdmin."""
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
        audit.note(connection, by, "role_changed", f"{audit.name_of(person)} is now {NAMES[role]}")


def suspend(database: Database, by: Actor, person_id: int) -> list[int]:
    """Suspend a person, mark the replies being written for them as stopped, and return the ids of these replies.

    Other processes stop theirs within a second. Raises NotFound and LastAdmin.
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
    """End a person's suspension. Raises NotFound."""
    with database.write() as connection:
        person = lock_person(connection, by, person_id)
        if person.suspended_at is not None:
            connection.execute(UPDATE_RESUMED, {"person": person_id})
            audit.note(connection, by, "resumed", audit.name_of(person))


def remove(database: Database, by: Actor, person_id: int) -> list[int]:
    """Delete a person with their conversations, and return the ids of the replies that were being written.

    They are suspended first. If the removal breaks off, they stay suspended, and an admin can remove them again. Raises
    NotFound and LastAdmin.
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


def require_removable(database: Database, person: Person) -> None:
    """Raise LastAdmin before a question that could only end with it."""
    with database.read() as connection:
        require_other_admin(connection, person)


def delete_conversations(database: Database, person_id: int) -> None:
    """Delete a person's conversations in parts, a transaction each: one transaction would block others for seconds."""
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
    """Lock all roles, and a person's row. Raises NotFound if there is no such member, or the actor is no admin now."""
    locks.hold(connection, (Lock.RIGHTS, 0))
    # RIGHTS already keeps the actor an admin; locking their row as well could deadlock with their own login.
    if not isinstance(by, str) and not connection.execute(accounts.SELECT_ADMIN, {"person": by.id}).first():
        raise NotFound
    person = load(connection, LOCK_PERSON, person=person_id)
    if person is None:
        raise NotFound
    return person


def revoke_rights(connection: Connection, person: Person) -> None:
    """Revoke an admin's invites, and all reset links. Raises LastAdmin. A member has nothing to revoke."""
    if person.role != accounts.ADMIN:
        return
    require_other_admin(connection, person)
    invites.revoke_all_of(connection, person.id)
    connection.execute(DELETE_RESETS)  # the table doesn't say who made them, and they last half an hour


def require_other_admin(connection: Connection, person: Person) -> None:
    """Raise LastAdmin if the only admin is this person."""
    if person.role == accounts.ADMIN and not connection.execute(SELECT_OTHER_ADMIN, {"person": person.id}).first():
        raise LastAdmin(f"{audit.name_of(person)} is the only admin. Make someone else an admin first.")


def end_access(connection: Connection, person: Person) -> list[int]:
    """End a person's rights, sessions and reset links, and stop the replies being written for them."""
    revoke_rights(connection, person)
    accounts.end_access(connection, person.id)
    connection.execute(LOCK_CONVERSATIONS, {"person": person.id})
    return list(connection.execute(UPDATE_STOPPED, {"person": person.id}).scalars())
