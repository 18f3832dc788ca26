"""The log: what a reply said, piece by piece, and how it ended. All SQL about replies being written is here.

Each write carries the owner: a writer that has lost its reply changes nothing. States go forward only:
`generating`, then one of `complete`, `stopped`, `interrupted` and `failed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, select, update

from chat.conversations.asking import LEASE
from chat.database import Database, clock
from chat.tables import messages, pieces, replies


@dataclass(frozen=True)
class Ending:
    """How a reply ended: its state, its whole text and HTML, and what is known about it."""

    state: str
    text: str
    html: str
    html_version: int
    facts: Mapping[str, str | int | None] = field(default_factory=dict)


@dataclass
class News:
    """What one reply has to store in a tick: pieces from number `seq` on, and perhaps its end."""

    reply_id: int
    owner: str
    seq: int
    pieces: list[str]
    ending: Ending | None = None


def store(connection: Connection, news: Sequence[News]) -> set[int]:
    """Store the news of those replies that are still their writer's; gives the ids of these."""
    held = owners(connection, [item.reply_id for item in news])
    kept = [item for item in news if held.get(item.reply_id) == item.owner]
    append(connection, [item for item in kept if not item.ending])
    for item in kept:
        if item.ending:
            end(connection, item.reply_id, item.owner, item.ending)
    return {item.reply_id for item in kept}


def owners(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Find who writes which of some replies, and keep it so until the transaction ends."""
    generating = select(replies.c.id, replies.c.owner).where(replies.c.id.in_(ids), replies.c.state == "generating")
    return {row.id: row.owner for row in connection.execute(generating.with_for_update())}


def append(connection: Connection, news: Iterable[News]) -> None:
    """Insert pieces by the driver's own executemany: through Core they cost twice the time."""
    rows = [(item.reply_id, item.seq + number, text) for item in news for number, text in enumerate(item.pieces)]
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    if rows:
        connection.exec_driver_sql(f"INSERT INTO pieces (reply_id, seq, text) VALUES ({mark}, {mark}, {mark})", rows)


def end(connection: Connection, reply_id: int, owner: str, ending: Ending) -> bool:
    """Move the text into its message and end the reply; False where it was no longer the owner's."""
    mine = (replies.c.id == reply_id) & (replies.c.owner == owner) & (replies.c.state == "generating")
    over = {"state": ending.state, "owner": None, "lease_until": None, "ended_at": clock(), **ending.facts}
    if not connection.execute(update(replies).where(mine).values(over)).rowcount:
        return False
    said = {"text": ending.text, "html": ending.html, "html_version": ending.html_version}
    connection.execute(update(messages).where(messages.c.id == reply_id).values(said))
    connection.execute(delete(pieces).where(pieces.c.reply_id == reply_id))
    return True


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


def since(database: Database, reply_id: int, seq: int) -> tuple[list[str], bool]:
    """Read the pieces from number `seq` on, and whether the reply is still being written."""
    later = select(pieces.c.text).where(pieces.c.reply_id == reply_id, pieces.c.seq >= seq).order_by(pieces.c.seq)
    generating = select(replies.c.id).where(replies.c.id == reply_id, replies.c.state == "generating")
    with database.read() as connection:
        return list(connection.execute(later).scalars()), connection.execute(generating).first() is not None


def take_ownerless(database: Database, owner: str) -> Sequence[int]:
    """Take the replies whose lease has run out, their worker being gone; each goes to one taker only."""
    expired = (replies.c.state == "generating") & (replies.c.lease_until < clock())
    with database.read() as connection:
        if connection.execute(select(replies.c.id).where(expired)).first() is None:
            return []
    taken = update(replies).where(expired).values(owner=owner, lease_until=clock() + LEASE)
    with database.write() as connection:
        return connection.execute(taken.returning(replies.c.id)).scalars().all()
