"""The log: what a reply said, piece by piece, and how it ended.

Each write carries the owner: a writer that has lost its reply changes nothing. States go forward only:
`generating`, then one of `complete`, `stopped`, `interrupted` and `failed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, delete, func, or_, select, update

from chat.database import Database, clock
from chat.replies.changes import CHANNEL
from chat.tables import conversations, messages, pieces, replies

BATCH = 200
"""How many replies one query asks for: SQLite takes no longer conditions than 1,000."""


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


class Going(NamedTuple):
    """A reply being written: how often a person continued it, which numbers it anew, and how often it was adopted."""

    continued: int
    attempts: int


def store(connection: Connection, news: Sequence[News]) -> set[int]:
    """Store the news of those replies that are still their writer's; gives the ids of these."""
    hold_conversations(connection, [item.reply_id for item in news if item.ending])
    held = owners(connection, [item.reply_id for item in news])
    kept = [item for item in news if held.get(item.reply_id) == item.owner]
    append(connection, [item for item in kept if not item.ending])
    for item in kept:
        if item.ending:
            end(connection, item.reply_id, item.owner, item.ending)
    announce(connection)
    return {item.reply_id for item in kept}


def hold_conversations(connection: Connection, ids: Sequence[int]) -> None:
    """Keep the conversations of replies that end, before the replies: a deletion takes them in that order, too."""
    within = select(messages.c.conversation_id).where(messages.c.id.in_(ids))
    ours = select(conversations.c.id).where(conversations.c.id.in_(within)).order_by(conversations.c.id)
    if ids:
        connection.execute(ours.with_for_update())


def announce(connection: Connection) -> None:
    """Call the readers of other processes when this is committed; SQLite's see it by themselves."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


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
    over: dict[str, Any] = {
        "state": ending.state,
        "owner": None,
        "lease_until": None,
        "address": None,
        "ended_at": clock(),
        **ending.facts,
    }
    if thought := ending.facts.get("reasoning"):  # after a Continue there are two trains of thought
        over["reasoning"] = func.coalesce(replies.c.reasoning + "\n\n", "") + thought
    if not connection.execute(update(replies).where(mine).values(over)).rowcount:
        return False
    said = {"text": ending.text, "html": ending.html, "html_version": ending.html_version}
    connection.execute(update(messages).where(messages.c.id == reply_id).values(said))
    connection.execute(delete(pieces).where(pieces.c.reply_id == reply_id))
    within = select(messages.c.conversation_id).where(messages.c.id == reply_id).scalar_subquery()
    connection.execute(update(conversations).where(conversations.c.id == within).values(unread=True))
    return True


def since(database: Database, reply_id: int) -> list[str]:
    """Read all pieces of a reply."""
    return news(database, {reply_id: 0})[0].get(reply_id, [])


def news(database: Database, wanted: Mapping[int, int]) -> tuple[dict[int, list[str]], dict[int, Going]]:
    """Read what some replies have new (id to the number of the first piece), and which are still being written."""
    found: dict[int, list[str]] = {}
    generating: dict[int, Going] = {}
    with database.read() as connection:
        for part in batched(sorted(wanted.items()), BATCH):
            for row in connection.execute(later_pieces(part)):
                found.setdefault(row.reply_id, []).append(row.text)
            ids = [reply_id for reply_id, _ in part]
            going = select(replies.c.id, replies.c.continued, replies.c.attempts).where(replies.c.id.in_(ids))
            rows = connection.execute(going.where(replies.c.state == "generating"))
            generating.update((row.id, Going(row.continued, row.attempts)) for row in rows)
    return found, generating


def later_pieces(wanted: Sequence[tuple[int, int]]) -> Select:
    """Select the pieces of some replies, each from a number on, in order."""
    each = [(pieces.c.reply_id == reply_id) & (pieces.c.seq >= seq) for reply_id, seq in wanted]
    return select(pieces.c.reply_id, pieces.c.text).where(or_(*each)).order_by(pieces.c.reply_id, pieces.c.seq)


def batched(items: Sequence[tuple[int, int]], size: int) -> Iterator[Sequence[tuple[int, int]]]:
    """Cut a list into parts of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))
