"""The log: the pieces of each reply, and its end. Text is numbered from 0 up, reasoning from -1 down.

Each write names its owner: a writer that has lost a reply changes nothing. States only go forward: `generating`, then
`complete`, `stopped`, `interrupted` or `failed`.
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
# A Continue adds a second train of thought.
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

# The keys are the ids of replies, the values how many pieces of their text are known; at -id, of their reasoning.
SELECT_PIECES = """
    SELECT pieces.reply_id, pieces.seq, pieces.text FROM {0}
    JOIN pieces ON pieces.reply_id = CAST(asked.key AS INTEGER) AND pieces.seq >= CAST(asked.value AS INTEGER)
    UNION ALL
    SELECT pieces.reply_id, pieces.seq, pieces.text FROM {0}
    JOIN pieces ON pieces.reply_id = -CAST(asked.key AS INTEGER) AND pieces.seq < -CAST(asked.value AS INTEGER)
    ORDER BY 1, 2
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
    """The end of a reply: its state, its whole text and HTML, and the facts about it."""

    state: str
    text: str
    html: str
    html_version: int
    facts: Mapping[str, str | int | None] = field(default_factory=dict)


def render_ending(reply_id: int, state: str, text: str, facts: Mapping[str, str | int | None]) -> Ending:
    """Render the end of a reply; that takes too long for a transaction."""
    return Ending(state, text, rendering.render(text, f"m{reply_id}"), rendering.VERSION, facts)


def clean(piece: str) -> str:
    """Drop NUL and replace lone surrogates, which databases refuse."""
    try:
        piece.encode()
    except UnicodeEncodeError:
        piece = piece.encode("utf-8", "replace").decode()
    return piece.replace("\0", "")


class Thought(str):
    """A piece of reasoning."""


class Pieces(NamedTuple):
    """Pieces of a reply's text, and of the reasoning before it."""

    text: list[str]
    thoughts: list[str]


@dataclass
class ReplyUpdate:
    """What one reply stores in a tick: pieces from number `seq` on, thoughts after `heard`, and perhaps its end."""

    reply_id: int
    owner: str
    seq: int
    pieces: list[str]
    ending: Ending | None = None
    heard: int = 0
    thoughts: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[tuple[int, int, str]]:
        said = [(self.reply_id, self.seq + number, text) for number, text in enumerate(self.pieces)]
        return said + [(self.reply_id, -1 - self.heard - number, text) for number, text in enumerate(self.thoughts)]


class Progress(NamedTuple):
    """How often an unfinished reply was continued, which restarts its numbers, and how often adopted."""

    continued: int
    attempts: int


def store(connection: Connection, news: Sequence[ReplyUpdate]) -> set[int]:
    """Store the updates of replies that their writer still owns; return the ids of these."""
    if ended := [item.reply_id for item in news if item.ending]:
        connection.execute(SELECT_CONVERSATIONS, {"ids": ended})  # a deletion locks them before replies, too
    held = lock_owners(connection, [item.reply_id for item in news])
    kept = [item for item in news if held.get(item.reply_id) == item.owner]
    insert_pieces(connection, [item for item in kept if not item.ending])
    for item in kept:
        if item.ending:
            end_reply(connection, item.reply_id, item.owner, item.ending)
    if connection.dialect.name == "postgresql":  # SQLite's readers poll
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")
    return {item.reply_id for item in kept}


def lock_owners(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Find the owners of replies, and lock these until the transaction ends."""
    return {row.id: row.owner for row in connection.execute(SELECT_OWNERS, {"ids": ids})}


def insert_pieces(connection: Connection, news: Iterable[ReplyUpdate]) -> None:
    """Insert pieces that aren't stored yet, with the driver's executemany: SQLAlchemy's takes twice the time."""
    rows = [row for item in news for row in item.rows]
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    if rows:
        connection.exec_driver_sql(INSERT_PIECES.format(mark=mark), rows)


def end_reply(connection: Connection, reply_id: int, owner: str, ending: Ending) -> bool:
    """Move the text into its message and end the reply; return False if the owner has lost it."""
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


def read_pieces(database: Database, reply_id: int) -> Pieces:
    return read_updates(database, {reply_id: (0, 0)})[0].get(reply_id) or Pieces([], [])


def count_generating(database: Database) -> int:
    """Count the replies that any process is writing."""
    with database.read() as connection:
        return connection.execute(COUNT_GENERATING).scalar_one()


def read_updates(
    database: Database, known: Mapping[int, tuple[int, int]]
) -> tuple[dict[int, Pieces], dict[int, Progress]]:
    """Read the pieces of replies after the `known` numbers of them, and which replies aren't finished."""
    found: dict[int, Pieces] = {}
    said = {reply_id: said for reply_id, (said, _) in known.items()}
    heard = {-reply_id: heard for reply_id, (_, heard) in known.items()}
    asked = {"asked": json.dumps(said | heard)}
    with database.read() as connection:
        later, written = SELECT_UPDATES[connection.dialect.name]
        for reply_id, seq, piece in connection.execute(later, asked):
            news = found.setdefault(reply_id, Pieces([], []))
            (news.text if seq >= 0 else news.thoughts).append(piece)
        for news in found.values():
            news.thoughts.reverse()  # their numbers go down
        return found, {row.id: Progress(row.continued, row.attempts) for row in connection.execute(written, asked)}
