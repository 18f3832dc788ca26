"""Leases: which process has the right to write a reply, for how long, and which one takes it over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Boolean, Connection, Integer, bindparam, select, update

from chat.storage.database import Database, clock
from chat.storage.tables import replies

LEASE = 5
"""How long a writer can keep a reply without renewing its lease, in seconds."""

LATE = 3
"""If fewer seconds of a lease are left, its owner should have renewed it long ago."""

WRITTEN = replies.c.state == "generating"
IDS = bindparam("ids", type_=Integer, expanding=True)
SELECT_LEASES = select(replies.c.id, replies.c.owner, replies.c.stop).where(replies.c.id.in_(IDS), WRITTEN)
# A row that others have locked must not hold up the rest.
SELECT_UNLOCKED = select(replies.c.id).where(replies.c.id.in_(IDS)).with_for_update(skip_locked=True)
UPDATE_LEASES = update(replies).where(replies.c.id.in_(SELECT_UNLOCKED)).values(lease_until=clock() + LEASE)
UPDATE_STOP = update(replies).where(replies.c.id == bindparam("reply"), WRITTEN).values(stop=True)

IS_LATE = WRITTEN & (replies.c.lease_until < clock() + LATE)
SELECT_LATE_OWNERS = select(replies.c.owner).where(IS_LATE)
SELECT_LATE_REPLIES = select(replies.c.id).where(IS_LATE).order_by(replies.c.id).with_for_update()
RELEASED = replies.c.owner.is_(None)
RUN_OUT = replies.c.lease_until < clock()
OWNERLESS = WRITTEN & (RELEASED | (RUN_OUT & bindparam("trusted", type_=Boolean)))
# A locked row waits for a later look: when the lock goes, its owner can renew first.
UPDATE_OWNERLESS = (
    update(replies)
    .where(replies.c.id.in_(select(replies.c.id).where(OWNERLESS).with_for_update(skip_locked=True)))
    .values(owner=bindparam("taker"), lease_until=clock() + LEASE, attempts=replies.c.attempts + 1)
    .returning(replies.c.id, replies.c.attempts, replies.c.stop)
)
UPDATE_RELEASED = (
    update(replies)
    .where(replies.c.id == bindparam("reply"), replies.c.owner == bindparam("held_by"), WRITTEN)
    # The writer survived, so earlier attempts no longer suggest that the text kills workers.
    .values(owner=None, lease_until=0, attempts=0)
)


class Adoption(NamedTuple):
    """A reply taken over: how often by now, this time included, and whether a user asked it to stop."""

    id: int
    attempts: int
    stop: bool


def renew(connection: Connection, held: Mapping[int, str]) -> tuple[set[int], set[int]]:
    """Renew the leases of replies (id to owner). Return the ids of lost replies, and of those to stop."""
    found = connection.execute(SELECT_LEASES, {"ids": list(held)}).all()
    ours = {row.id for row in found if row.owner == held[row.id]}
    connection.execute(UPDATE_LEASES, {"ids": ours})
    return set(held) - ours, {row.id for row in found if row.stop} & ours


def ask_to_stop(database: Database, reply_id: int) -> None:
    """Ask the writer of a reply to stop, in whichever process it runs."""
    with database.write() as connection:
        connection.execute(UPDATE_STOP, {"reply": reply_id})


def late_owners(database: Database) -> set[str | None]:
    """Find the owners who are late to renew; None among them stands for released replies."""
    with database.read() as connection:
        return set(connection.execute(SELECT_LATE_OWNERS).scalars())


def require_renewable(database: Database) -> None:
    """Check that owners could renew late leases now, without a long wait. Raises DatabaseAway."""
    with database.write(wait=0.5, silence=0.5) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE replies IN ROW EXCLUSIVE MODE")
        connection.execute(SELECT_LATE_REPLIES)


def take_ownerless(database: Database, owner: str, trusted: bool = True) -> list[Adoption]:
    """Take released replies and, if leases are `trusted`, those with an expired lease; count each attempt.

    Each reply goes to one taker only.
    """
    with database.write() as connection:
        taken = connection.execute(UPDATE_OWNERLESS, {"taker": owner, "trusted": trusted})
        return [Adoption(*row) for row in taken]


def release(connection: Connection, held: Mapping[int, str]) -> None:
    """Release replies (id to owner), so that another process goes on with them at once."""
    for reply_id, owner in held.items():
        connection.execute(UPDATE_RELEASED, {"reply": reply_id, "held_by": owner})
