"""The queue: a message that a person writes while a model answers waits for the end of that answer.

Several can wait; each one is sent below the answer to the one before it. They are sent only after a complete answer:
after a stopped or failed one they wait until the person sends them or takes them back.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from chat import people
from chat.conversations.queries import lock_leaf
from chat.conversations.turns import SELECT_GENERATING, Choice, Draft, Turn, insert_message, insert_reply
from chat.people.rate_limits import Asker, Limits
from chat.people.sliding_window import TooMany
from chat.storage.database import Database, NotFound, clock
from chat.storage.tables import conversations, messages, queued, replies
from chat.storage.tables import people as persons

HERE = queued.c.conversation_id == bindparam("conversation")
SELECT_QUEUED = (
    select(queued.c.reply_id, queued.c.text, replies.c.state)
    .join(replies, replies.c.id == queued.c.reply_id)
    .where(HERE)
    .order_by(queued.c.id)
)
SELECT_WAITING = select(queued.c.text, queued.c.turn_key).where(HERE)
INSERT_QUEUED = insert(queued).values(created_at=clock())
DELETE_SAME = delete(queued).where(HERE, queued.c.turn_key == bindparam("key"))
DELETE_ALL = delete(queued).where(HERE).returning(queued.c.id, queued.c.text)
FIRST = select(func.min(queued.c.id)).where(HERE).scalar_subquery()
DELETE_FIRST = delete(queued).where(queued.c.id == FIRST).returning(queued)
UPDATE_REPLY = update(queued).where(HERE).values(reply_id=bindparam("reply"))
UPDATE_RUNNING = UPDATE_REPLY.where(queued.c.reply_id.in_(SELECT_GENERATING))
SELECT_RUNNING = SELECT_GENERATING.where(replies.c.id == bindparam("reply"))
SELECT_DUE = (
    select(queued.c.conversation_id, conversations.c.person_id)
    .distinct()
    .join(replies, replies.c.id == queued.c.reply_id)
    .join(conversations, conversations.c.id == queued.c.conversation_id)
    .join(persons, persons.c.id == conversations.c.person_id)
    .where(replies.c.state == "complete", persons.c.suspended_at.is_(None))
    .order_by(queued.c.conversation_id)
)

GONE = "This message was already sent or taken back."


class QueueFull(Exception):
    """The text that waits would be too long; the error says what to do."""


class NotQueued(Exception):
    """No message waits; the error says why."""


class Queued(NamedTuple):
    """The messages that wait in a conversation, and the state of the reply that the first one waits for."""

    reply_id: int
    text: str
    state: str


class Due(NamedTuple):
    """A conversation whose queued message can be sent, and its person."""

    conversation_id: int
    person_id: int


def find_queued(database: Database, conversation_id: int) -> Queued | None:
    with database.read() as connection:
        rows = connection.execute(SELECT_QUEUED, {"conversation": conversation_id}).all()
    if not rows:
        return None
    return Queued(rows[0].reply_id, "\n\n".join(row.text for row in rows), rows[0].state)


def is_running(connection: Connection, reply_id: int) -> bool:
    return connection.execute(SELECT_RUNNING, {"reply": reply_id}).first() is not None


def add(
    connection: Connection, asker: Asker, conversation_id: int, reply_id: int, draft: Draft, key: str | None
) -> Turn:
    """Let a draft wait for a running reply, after what waits already. A key that waits already changes nothing.

    Raises QueueFull.
    """
    waiting = Turn(conversation_id, reply_id, None, asker.person_id, queued=True)
    before = connection.execute(SELECT_WAITING, {"conversation": conversation_id}).all()
    if key and any(row.turn_key == key for row in before):
        return waiting
    if sum(len(row.text) for row in before) + len(draft.text) > draft.room:
        raise QueueFull(f"At most {draft.room:,} characters can wait for an answer. Send the rest later.")
    row = {"conversation_id": conversation_id, "reply_id": reply_id, "text": draft.text, "turn_key": key}
    connection.execute(INSERT_QUEUED, row | asdict(draft.choice) | {"address": asker.address})
    return waiting


def discard(connection: Connection, conversation_id: int, key: str) -> None:
    """Delete a message that waits, because its form sends it again after the end of the answer."""
    connection.execute(DELETE_SAME, {"conversation": conversation_id, "key": key})


def lock(connection: Connection, person_id: int | None, conversation_id: int) -> int | None:
    """Lock a person, then their conversation, until the transaction ends; return its shown leaf. Raises NotFound."""
    people.lock_active(connection, person_id)
    return lock_leaf(connection, person_id, conversation_id)


def take_back(database: Database, person_id: int | None, conversation_id: int) -> str:
    """Delete the messages that wait, and return their text. Raises NotQueued and NotFound."""
    with database.write() as connection:
        lock(connection, person_id, conversation_id)
        rows = connection.execute(DELETE_ALL, {"conversation": conversation_id}).all()
    if not rows:
        raise NotQueued(GONE)
    return "\n\n".join(row.text for row in sorted(rows, key=lambda row: row.id))


def take(connection: Connection, conversation_id: int) -> Row:
    """Delete the first message that waits, and return its row. Raises NotQueued."""
    row = connection.execute(DELETE_FIRST, {"conversation": conversation_id}).first()
    if row is None:
        raise NotQueued(GONE)
    return row


def send_now(database: Database, asker: Asker, conversation_id: int) -> Turn:
    """Send the message that waits below the shown reply; if that is running, let it wait for that one's end.

    Raises NotQueued, NotFound and TooMany.
    """
    with database.write() as connection:
        leaf = lock(connection, asker.person_id, conversation_id)
        if leaf and is_running(connection, leaf):
            connection.execute(UPDATE_REPLY, {"conversation": conversation_id, "reply": leaf})
            return Turn(conversation_id, leaf, None, asker.person_id, queued=True)
        return send(connection, asker, take(connection, conversation_id), leaf)


def move(connection: Connection, turn: Turn) -> Turn:
    """Let the message that waits for a running answer wait for that of a newer version, which the page shows now."""
    connection.execute(UPDATE_RUNNING, {"conversation": turn.conversation_id, "reply": turn.reply_id})
    return turn


def is_followed(database: Database, reply_id: int) -> bool:
    """Return whether a message follows a reply."""
    with database.read() as connection:
        return connection.execute(select(messages.c.id).where(messages.c.parent_id == reply_id)).first() is not None


def list_due(database: Database, reply_id: int | None = None) -> list[Due]:
    """List the conversations whose queued message can be sent: all, or the one that waited for a reply."""
    due = SELECT_DUE if reply_id is None else SELECT_DUE.where(queued.c.reply_id == reply_id)
    with database.read() as connection:
        return [Due(*row) for row in connection.execute(due)]


def send_due(database: Database, limits: Limits, due: Due) -> Turn | None:
    """Send a message whose reply is complete. Return None if it has been sent, or a limit holds it back."""
    try:
        with database.write() as connection:
            lock(connection, due.person_id, due.conversation_id)
            row = take(connection, due.conversation_id)
            if is_running(connection, row.reply_id):  # it was continued since, or the message waits for another one
                raise NotQueued
            asker = Asker(due.person_id, "", row.address, *limits)
            return send(connection, asker, row, row.reply_id)
    except (NotFound, NotQueued, TooMany):
        return None


def send(connection: Connection, asker: Asker, row: Row, parent_id: int | None) -> Turn:
    """Store a message that waited, and an empty reply to it. Raises TooMany."""
    message_id = insert_message(connection, row.conversation_id, parent_id, "user", row.text, row.turn_key)
    turn = insert_reply(connection, asker, row.conversation_id, message_id, Choice(row.provider, row.model))
    connection.execute(UPDATE_REPLY, {"conversation": row.conversation_id, "reply": turn.reply_id})  # the rest waits
    return turn
