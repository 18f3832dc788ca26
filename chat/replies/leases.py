"""Leases: who may write a reply, for how long, and who goes on when the writer's process is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Boolean, Connection, Integer, Row, bindparam, select, update

from chat.conversations.turns import LEASE
from chat.storage.database import Database, clock
from chat.storage.tables import replies

WRITTEN = replies.c.state == "generating"
IDS = bindparam("ids", type_=Integer, expanding=True)
SELECT_LEASES = select(replies.c.id, replies.c.owner, replies.c.stop).where(replies.c.id.in_(IDS), WRITTEN)
# One row that others hold keeps nobody from renewing the rest.
SELECT_UNLOCKED = select(replies.c.id).where(replies.c.id.in_(IDS)).with_for_update(skip_locked=True)
UPDATE_LEASES = update(replies).where(replies.c.id.in_(SELECT_UNLOCKED)).values(lease_until=clock() + LEASE)
UPDATE_STOP = update(replies).where(replies.c.id == bindparam("reply"), WRITTEN).values(stop=True)

LATE = 3
"""The seconds of a lease that are left where its owner should have renewed it long ago."""

IS_LATE = WRITTEN & (replies.c.lease_until < clock() + LATE)
SELECT_LATE_OWNERS = select(replies.c.owner).where(IS_LATE)
SELECT_LATE_REPLIES = select(replies.c.id).where(IS_LATE).order_by(replies.c.id).with_for_update()
LET_GO = replies.c.owner.is_(None)
RUN_OUT = replies.c.lease_until < clock()
OWNERLESS = WRITTEN & (LET_GO | (RUN_OUT & bindparam("trusted", type_=Boolean)))
# What others hold is taken later: when they let go, its owner may renew first.
UPDATE_OWNERLESS = (
    update(replies)
    .where(replies.c.id.in_(select(replies.c.id).where(OWNERLESS).with_for_update(skip_locked=True)))
    .values(owner=bindparam("taker"), lease_until=clock() + LEASE, attempts=replies.c.attempts + 1)
    .returning(replies.c.id, replies.c.attempts, replies.c.stop)
)
UPDATE_RELEASED = (
    update(replies)
    .where(replies.c.id == bindparam("reply"), replies.c.owner == bindparam("held_by"), WRITTEN)
    # It lived to let go of it: what was counted before is no sign any more that the text kills workers.
    .values(owner=None, lease_until=0, attempts=0)
)


def renew(connection: Connection, held: Mapping[int, str]) -> tuple[set[int], set[int]]:
    """Put off the end of the leases of replies (id to owner); gives the ids of those lost, and of those to stop."""
    found = connection.execute(SELECT_LEASES, {"ids": list(held)}).all()
    ours = {row.id for row in found if row.owner == held[row.id]}
    connection.execute(UPDATE_LEASES, {"ids": ours})
    return set(held) - ours, {row.id for row in found if row.stop} & ours


def ask_to_stop(database: Database, reply_id: int) -> None:
    """Leave word for the writer of a reply, whichever process it is in, to stop."""
    with database.write() as connection:
        connection.execute(UPDATE_STOP, {"reply": reply_id})


def late_owners(database: Database) -> set[str | None]:
    """Find who doesn't renew their leases in time; None among them stands for replies that were let go of."""
    with database.read() as connection:
        return set(connection.execute(SELECT_LATE_OWNERS).scalars())


def require_renewable(database: Database) -> None:
    """Show that late leases could be renewed now, without waiting for long. Raises DatabaseAway."""
    with database.write(wait=0.5, silence=0.5) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE replies IN ROW EXCLUSIVE MODE")
        connection.execute(SELECT_LATE_REPLIES)


def take_ownerless(database: Database, owner: str, trusted: bool = True) -> Sequence[Row]:
    """Take the replies that were let go of, and, if leases are `trusted`, those whose lease has run out.

    Each goes to one taker only. Gives `id`, `stop`, and `attempts`: how often it was taken, this time included, counted
    before anything else.
    """
    with database.write() as connection:
        return connection.execute(UPDATE_OWNERLESS, {"taker": owner, "trusted": trusted}).all()


def release(connection: Connection, held: Mapping[int, str]) -> None:
    """Let go of replies (id to owner) at once, so that another process goes on with them."""
    for reply_id, owner in held.items():
        connection.execute(UPDATE_RELEASED, {"reply": reply_id, "held_by": owner})
