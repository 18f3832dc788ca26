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

from chat import rendering
from chat.replies.notifications import CHANNEL
from chat.storage.database import Database, clock
from chat.storage.json_rows import JSON_ROWS
from chat.storage.tables import conversations, messages, pieces, replies

IDS = bindparam("ids", type_=Integer, expanding=True)
WRITTEN = replies.c.id.in_(IDS) & (replies.c.state == "generating")
SELECT_OWNERS = select(replies.c.id, replies.c.owner).where(WRITTEN).with_for_update()

ITS_CONVERSATION = select(messages.c.conversation_id)
SELECT_CONVERSATIONS = (
    select(conversations.c.id)
    .where(conversations.c.id.in_(ITS_CONVERSATION.where(messages.c.id.in_(IDS))))
    .order_by(conversations.c.id)
    .with_for_update()
)
COUNT_GENERATING = select(func.count()).select_from(replies).where(replies.c.state == "generating")

REPLY = bindparam("reply", type_=Integer)
MINE = (replies.c.id == REPLY) & (replies.c.owner == bindparam("held_by")) & (replies.c.state == "generating")
UPDATE_REPLY = update(replies).where(MINE).values(owner=None, lease_until=None, address=None, ended_at=clock())
# After a Continue there are two trains of thought.
UPDATE_REPLY_AND_REASONING = UPDATE_REPLY.values(
    reasoning=func.coalesce(replies.c.reasoning + "\n\n", "") + bindparam("thought")
)
UPDATE_MESSAGE = update(messages).where(messages.c.id == REPLY)
DELETE_PIECES = delete(pieces).where(pieces.c.reply_id == REPLY)
UPDATE_UNREAD = (
    update(conversations)
    .where(conversations.c.id == ITS_CONVERSATION.where(messages.c.id == REPLY).scalar_subquery())
    .values(unread=True)
)

INSERT_PIECES = "INSERT INTO pieces (reply_id, seq, text) VALUES ({mark}, {mark}, {mark}) ON CONFLICT DO NOTHING"

# The ids of the replies that are asked for are the keys, and numbers of pieces the values.
SELECT_PIECES = """
    SELECT pieces.reply_id, pieces.text FROM {}
    JOIN pieces ON pieces.reply_id = CAST(asked.key AS INTEGER) AND pieces.seq >= CAST(asked.value AS INTEGER)
    ORDER BY pieces.reply_id, pieces.seq
"""
SELECT_PROGRESS = """
    SELECT replies.id, replies.continued, replies.attempts FROM {}
    JOIN replies ON replies.id = CAST(asked.key AS INTEGER) WHERE replies.state = 'generating'
"""
SELECT_UPDATES = {
    dialect: (text(SELECT_PIECES.format(each)), text(SELECT_PROGRESS.format(each)))
    for dialect, each in JSON_ROWS.items()
}


@dataclass(frozen=True)
class Ending:
    """How a reply ended: its state, its whole text and HTML, and what is known about it."""

    state: str
    text: str
    html: str
    html_version: int
    facts: Mapping[str, str | int | None] = field(default_factory=dict)


def render_ending(reply_id: int, state: str, text: str, facts: Mapping[str, str | int | None]) -> Ending:
    """Make the end of a reply; it renders, so not within a transaction."""
    return Ending(state, text, rendering.render(text, f"m{reply_id}"), rendering.VERSION, facts)


def clean(piece: str) -> str:
    """Drop what no database takes: NUL; and replace lone surrogates."""
    try:
        piece.encode()
    except UnicodeEncodeError:
        piece = piece.encode("utf-8", "replace").decode()
    return piece.replace("\0", "")


@dataclass
class ReplyUpdate:
    """What one reply has to store in a tick: pieces from number `seq` on, and perhaps its end."""

    reply_id: int
    owner: str
    seq: int
    pieces: list[str]
    ending: Ending | None = None


class Progress(NamedTuple):
    """A reply being written: how often it was continued, which starts its numbers over, and how often adopted."""

    continued: int
    attempts: int


def store(connection: Connection, news: Sequence[ReplyUpdate]) -> set[int]:
    """Store the news of those replies that are still their writer's; gives the ids of these."""
    lock_conversations(connection, [item.reply_id for item in news if item.ending])
    held = lock_owners(connection, [item.reply_id for item in news])
    kept = [item for item in news if held.get(item.reply_id) == item.owner]
    insert_pieces(connection, [item for item in kept if not item.ending])
    for item in kept:
        if item.ending:
            end_reply(connection, item.reply_id, item.owner, item.ending)
    notify_readers(connection)
    return {item.reply_id for item in kept}


def lock_conversations(connection: Connection, ids: Sequence[int]) -> None:
    """Keep the conversations of replies that end, before the replies: a deletion takes them in that order, too."""
    if ids:
        connection.execute(SELECT_CONVERSATIONS, {"ids": ids})


def notify_readers(connection: Connection) -> None:
    """Call the readers of other processes when this is committed; SQLite's see it by themselves."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


def lock_owners(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Find who writes which of some replies, and keep it so until the transaction ends."""
    return {row.id: row.owner for row in connection.execute(SELECT_OWNERS, {"ids": ids})}


def insert_pieces(connection: Connection, news: Iterable[ReplyUpdate]) -> None:
    """Insert pieces that aren't stored yet, by the driver's own executemany: through Core they cost twice the time."""
    rows = [(item.reply_id, item.seq + number, text) for item in news for number, text in enumerate(item.pieces)]
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    if rows:
        connection.exec_driver_sql(INSERT_PIECES.format(mark=mark), rows)


def end_reply(connection: Connection, reply_id: int, owner: str, ending: Ending) -> bool:
    """Move the text into its message and end the reply; False where it was no longer the owner's."""
    facts = dict(ending.facts)
    thought = {"thought": said} if (said := facts.pop("reasoning", None)) else {}
    over = {"reply": reply_id, "held_by": owner, "state": ending.state, **facts, **thought}
    if not connection.execute(UPDATE_REPLY_AND_REASONING if thought else UPDATE_REPLY, over).rowcount:
        return False
    whole = {"text": ending.text, "html": ending.html, "html_version": ending.html_version}
    connection.execute(UPDATE_MESSAGE, {"reply": reply_id, **whole})
    connection.execute(DELETE_PIECES, {"reply": reply_id})
    connection.execute(UPDATE_UNREAD, {"reply": reply_id})
    return True


def read_pieces(database: Database, reply_id: int) -> list[str]:
    """Read all pieces of a reply."""
    return read_updates(database, {reply_id: 0})[0].get(reply_id, [])


def count_generating(database: Database) -> int:
    """Count the replies that are being written, by whichever process."""
    with database.read() as connection:
        return connection.execute(COUNT_GENERATING).scalar_one()


def read_updates(database: Database, wanted: Mapping[int, int]) -> tuple[dict[int, list[str]], dict[int, Progress]]:
    """Read what some replies have new (id to the number of the first piece), and which are still being written."""
    found: dict[int, list[str]] = {}
    asked = {"asked": json.dumps(dict(wanted))}
    with database.read() as connection:
        later, written = SELECT_UPDATES[connection.dialect.name]
        for reply_id, piece in connection.execute(later, asked):
            found.setdefault(reply_id, []).append(piece)
        return found, {row.id: Progress(row.continued, row.attempts) for row in connection.execute(written, asked)}
