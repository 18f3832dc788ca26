"""Guests: people who chat without an account, and how an account takes over their conversations."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, Integer, bindparam, delete, exists, insert, select, update

from chat.storage.database import clock
from chat.storage.tables import conversations, people, sends, sessions

NEW_GUEST = 600
"""How long, in seconds, the form that made a guest can name it again, as long as no request has brought its session:
later on, the response with the cookie may not have been lost after all."""

IS_GUEST = people.c.role == "guest"
HAS_RETURNED = exists().where(sessions.c.person_id == people.c.id, sessions.c.seen_at.is_not(None))
IS_LOST = (clock() - people.c.created_at < NEW_GUEST) & ~HAS_RETURNED
SELECT_GUEST = select(people.c.id, IS_LOST.label("is_lost")).where(people.c.uid == bindparam("uid"), IS_GUEST)
INSERT_GUEST = insert(people).values(created_at=clock()).returning(people.c.id)

GUEST = bindparam("guest", type_=Integer)
UPDATE_OWNERS = [
    update(table).where(table.c.person_id == GUEST).values(person_id=bindparam("account", type_=Integer))
    for table in (conversations, sends)
]
LOCK_BOTH = (
    select(people.c.id)
    .where(people.c.id.in_((GUEST, bindparam("account", type_=Integer))))
    .order_by(IS_GUEST, people.c.id)
    .with_for_update()
)
LOCK_GUEST = select(people.c.id).where(people.c.id == GUEST, IS_GUEST).with_for_update()
DELETE_GUEST = delete(people).where(people.c.id == GUEST)


def get_or_create(connection: Connection, uid: str) -> int:
    """Find or create the guest that a new visitor's form names; without a name create another guest.

    Raises IntegrityError if another worker creates the same guest: try again, and it is found.
    """
    person = connection.execute(SELECT_GUEST, {"uid": uid}).first() if uid else None
    if person and person.is_lost:
        return person.id
    # The name was used before: this form can't prove that it is the same guest.
    name = secrets.token_urlsafe(16) if person or not uid else uid
    return connection.execute(INSERT_GUEST, {"uid": name}).scalar_one()


def lock_lost(connection: Connection, uid: str, person_id: int) -> int | None:
    """Find the guest that a person's form made if its response was lost, and lock both.

    Always lock an account before a guest, and the older guest first: two tabs can merge into each other.
    """
    guest = connection.execute(SELECT_GUEST, {"uid": uid}).first() if uid else None
    if guest is None or guest.id == person_id or not guest.is_lost:
        return None
    connection.execute(LOCK_BOTH, {"guest": guest.id, "account": person_id})
    return guest.id


def merge_into(connection: Connection, guest_id: int | None, account_id: int) -> None:
    """Move a guest's conversations to an account, and delete the guest with their sessions. Ignores an account's id."""
    if guest_id is None or connection.execute(LOCK_GUEST, {"guest": guest_id}).first() is None:
        return
    for statement in UPDATE_OWNERS:
        connection.execute(statement, {"guest": guest_id, "account": account_id})
    connection.execute(DELETE_GUEST, {"guest": guest_id})
