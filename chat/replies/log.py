"""The log: what a reply said, piece by piece, and how it ended.

Each write carries the owner: a writer that has lost its reply changes nothing. States go forward only:
`generating`, then one of `complete`, `stopped`, `interrupted` and `failed`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, Integer, bindparam, delete, func, select, text, update

from chat.replies.notifications import CHANNEL
from chat.storage.database import Database, clock
from chat.storage.tables import conversations, messages, pieces, replies

IDS = bindparam("ids", type_=Integer, expanding=True)
WRITTEN = replies.c.id.in_(IDS) & (replies.c.state == "generating")
OWNERS = select(replies.c.id, replies.c.owner).where(WRITTEN).with_for_update()

ITS_CONVERSATION = select(messages.c.conversation_id)
ENDING = (
    select(conversations.c.id)
    .where(conversations.c.id.in_(ITS_CONVERSATION.where(messages.c.id.in_(IDS))))
    .order_by(conversations.c.id)
    .with_for_update()
)
RUNNING = select(func.count()).select_from(replies).where(replies.c.state == "generating")

REPLY = bindparam("reply", type_=Integer)
MINE = (replies.c.id == REPLY) & (replies.c.owner == bindparam("held_by")) & (replies.c.state == "generating")
OVER = update(replies).where(MINE).values(owner=None, lease_until=None, address=None, ended_at=clock())
# After a Continue there are two trains of thought.
OVER_AND_THOUGHT = OVER.values(reasoning=func.coalesce(replies.c.reasoning + "\n\n", "") + bindparam("thought"))
SAID = update(messages).where(messages.c.id == REPLY)
FORGOTTEN = delete(pieces).where(pieces.c.reply_id == REPLY)
UNREAD = (
    update(conversations)
    .where(conversations.c.id == ITS_CONVERSATION.where(messages.c.id == REPLY).scalar_subquery())
    .values(unread=True)
)

INSERTED = "INSERT INTO pieces (reply_id, seq, text) VALUES ({mark}, {mark}, {mark}) ON CONFLICT DO NOTHING"

EACH = {"sqlite": "json_each(:asked) AS asked", "postgresql": "json_each_text(CAST(:asked AS json)) AS asked"}
"""Replies that are asked for, any number in one parameter: their ids as keys, and numbers of pieces as values."""

LATER_PIECES = """
    SELECT pieces.reply_id, pieces.text FROM {}
    JOIN pieces ON pieces.reply_id = CAST(asked.key AS INTEGER) AND pieces.seq >= CAST(asked.value AS INTEGER)
    ORDER BY pieces.reply_id, pieces.seq
"""
STILL_WRITTEN = """
    SELECT replies.id, replies.continued, replies.attempts FROM {}
    JOIN replies ON replies.id = CAST(asked.key AS INTEGER) WHERE replies.state = 'generating'
"""
NEWS = {dialect: (text(LATER_PIECES.format(each)), text(STILL_WRITTEN.format(each))) for dialect, each in EACH.items()}


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
    if ids:
        connection.execute(ENDING, {"ids": ids})


def announce(connection: Connection) -> None:
    """Call the readers of other processes when this is committed; SQLite's see it by themselves."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


def owners(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Find who writes which of some replies, and keep it so until the transaction ends."""
    return {row.id: row.owner for row in connection.execute(OWNERS, {"ids": ids})}


def append(connection: Connection, news: Iterable[News]) -> None:
    """Insert pieces that aren't stored yet, by the driver's own executemany: through Core they cost twice the time."""
    rows = [(item.reply_id, item.seq + number, text) for item in news for number, text in enumerate(item.pieces)]
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    if rows:
        connection.exec_driver_sql(INSERTED.format(mark=mark), rows)


def end(connection: Connection, reply_id: int, owner: str, ending: Ending) -> bool:
    """Move the text into its message and end the reply; False where it was no longer the owner's."""
    facts = dict(ending.facts)
    thought = {"thought": said} if (said := facts.pop("reasoning", None)) else {}
    over = {"reply": reply_id, "held_by": owner, "state": ending.state, **facts, **thought}
    if not connection.execute(OVER_AND_THOUGHT if thought else OVER, over).rowcount:
        return False
    whole = {"text": ending.text, "html": ending.html, "html_version": ending.html_version}
    connection.execute(SAID, {"reply": reply_id, **whole})
    connection.execute(FORGOTTEN, {"reply": reply_id})
    connection.execute(UNREAD, {"reply": reply_id})
    return True


def since(database: Database, reply_id: int) -> list[str]:
    """Read all pieces of a reply."""
    return news(database, {reply_id: 0})[0].get(reply_id, [])


def running(database: Database) -> int:
    """Count the replies that are being written, by whichever process."""
    with database.read() as connection:
        return connection.execute(RUNNING).scalar_one()


def news(database: Database, wanted: Mapping[int, int]) -> tuple[dict[int, list[str]], dict[int, Going]]:
    """Read what some replies have new (id to the number of the first piece), and which are still being written."""
    found: dict[int, list[str]] = {}
    asked = {"asked": json.dumps(dict(wanted))}
    with database.read() as connection:
        later, written = NEWS[connection.dialect.name]
        for reply_id, piece in connection.execute(later, asked):
            found.setdefault(reply_id, []).append(piece)
        return found, {row.id: Going(row.continued, row.attempts) for row in connection.execute(written, asked)}
