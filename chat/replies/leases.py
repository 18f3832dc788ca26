"""Leases: who may write a reply, for how long, and who goes on when the writer's process is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from chat.conversations.asking import LEASE
from chat.database import Database, clock
from chat.tables import replies


def renew(connection: Connection, held: Mapping[int, str]) -> tuple[set[int], set[int]]:
    """Put off the end of the leases of replies (id to owner); gives the ids of those lost, and of those to stop."""
    found = connection.execute(
        select(replies.c.id, replies.c.owner, replies.c.stop).where(
            replies.c.id.in_(held), replies.c.state == "generating"
        )
    ).all()
    ours = {row.id for row in found if row.owner == held[row.id]}
    connection.execute(update(replies).where(replies.c.id.in_(ours)).values(lease_until=clock() + LEASE))
    return set(held) - ours, {row.id for row in found if row.stop} & ours


def ask_to_stop(database: Database, reply_id: int) -> None:
    """Leave word for the writer of a reply, whichever process it is in, to stop."""
    generating = (replies.c.id == reply_id) & (replies.c.state == "generating")
    with database.write() as connection:
        connection.execute(update(replies).where(generating).values(stop=True))


class Taken(NamedTuple):
    """A reply that was taken: `attempts` is how often it was, this time included, counted before anything else.

    `released` tells that its worker let go of it; else that is gone, perhaps because of it.
    """

    id: int
    stop: bool
    attempts: int
    released: bool


def take_ownerless(database: Database, owner: str) -> list[Taken]:
    """Take the replies whose lease has run out, their worker being gone; each goes to one taker only."""
    expired = (replies.c.state == "generating") & (replies.c.lease_until < clock())
    with database.read() as connection:
        if connection.execute(select(replies.c.id).where(expired)).first() is None:
            return []
    taking = {"owner": owner, "lease_until": clock() + LEASE, "attempts": replies.c.attempts + 1}
    taken = update(replies).where(expired).values(taking).returning(replies.c.id, replies.c.stop, replies.c.attempts)
    with database.write() as connection:
        let_go = select(replies.c.id).where(expired, replies.c.owner.is_(None))
        released = set(connection.execute(let_go).scalars())
        return [Taken(row.id, row.stop, row.attempts, row.id in released) for row in connection.execute(taken)]


def release(connection: Connection, held: Mapping[int, str]) -> None:
    """Let go of replies (id to owner) at once, so that another process goes on with them."""
    for reply_id, owner in held.items():
        mine = (replies.c.id == reply_id) & (replies.c.owner == owner) & (replies.c.state == "generating")
        connection.execute(update(replies).where(mine).values(owner=None, lease_until=0))
