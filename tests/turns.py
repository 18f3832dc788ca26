"""What tests of the core share: asking and answering without a provider, waiting, and looking at what is stored."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Row, Table, func, insert, select, update

from chat import accounts, conversations, rendering
from chat.conversations import Choice, Turn
from chat.database import Database
from chat.limits import Asker
from chat.replies import log
from chat.replies.log import Ending
from chat.tables import conversations as conversations_table
from chat.tables import messages, pieces, replies

CHOICE = Choice("scripted", "small")


def guest(database: Database, name: str) -> int:
    """Make a guest, or find the one of that name."""
    with database.write() as connection:
        return accounts.welcome(connection, name)


def asked(
    database: Database,
    person: int,
    text: str = "Hello?",
    conversation: int | None = None,
    key: str | None = None,
    parent: int | None = None,
) -> Turn:
    """Ask as a person does."""
    return conversations.ask(database, Asker(person), conversation, text, CHOICE, key, parent)


def answered(database: Database, turn: Turn, text: str = "Hi.", state: str = "complete") -> Turn:
    """End the reply of a turn."""
    assert turn.owner
    with database.write() as connection:
        assert log.end(connection, turn.reply_id, turn.owner, Ending(state, text, f"<p>{text}</p>", rendering.VERSION))
    return turn


def grown(database: Database, person: int, length: int, title: str = "Long") -> Turn:
    """Store a conversation of so many messages, questions and answers by turns; gives its last turn."""
    turn = answered(database, asked(database, person, f"{title} 1"))
    first = turn.reply_id - 1
    rows = [
        {
            "id": first + number,
            "conversation_id": turn.conversation_id,
            "parent_id": first + number - 1,
            "role": ("user", "assistant")[number % 2],
            "text": f"Message {number + 1}",
            "html": f"<p>Message {number + 1}</p>" if number % 2 else None,
            "html_version": rendering.VERSION,
            "created_at": 0,
        }
        for number in range(2, length)
    ]
    known = {"state": "complete", "provider": "scripted", "model": "small", "created_at": 0}
    with database.write() as connection:
        connection.execute(insert(messages), rows)
        connection.execute(insert(replies), [{"id": row["id"], **known} for row in rows if row["html"]])
        here = conversations_table.c.id == turn.conversation_id
        connection.execute(update(conversations_table).where(here).values(leaf_id=first + length - 1, unread=False))
    return Turn(turn.conversation_id, first + length - 1, None, person)


def lengthened(database: Database, conversation: int, last: int, count: int, size: int, html: bool = False) -> int:
    """Store so many more messages below the last one of a conversation, each of so many characters; gives the last."""
    said = ("word " * (size // 5 + 1))[:size]
    rows = [
        {
            "id": last + number,
            "conversation_id": conversation,
            "parent_id": last + number - 1,
            "role": ("assistant", "user")[number % 2],
            "text": said,
            "html": None if number % 2 else f"<p>{said}</p>",
            "html_version": rendering.VERSION,
            "created_at": 0,
        }
        for number in range(1, count + 1)
    ]
    known = {"state": "complete", "provider": "scripted", "model": "small", "created_at": 0}
    with database.write() as connection:
        connection.execute(insert(messages), rows)
        connection.execute(insert(replies), [{"id": row["id"], **known} for row in rows if row["html"]])
        here = conversations_table.c.id == conversation
        connection.execute(update(conversations_table).where(here).values(leaf_id=last + count, unread=False))
    return last + count


def count(database: Database, table: Table) -> int:
    """Count the rows of a table."""
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def stored(database: Database, reply_id: int) -> Row:
    """Read all that is stored of a reply, its text too."""
    joined = select(replies, messages.c.text, messages.c.html).join(messages, messages.c.id == replies.c.id)
    with database.read() as connection:
        return connection.execute(joined.where(replies.c.id == reply_id)).one()


def text_stored(database: Database, reply_id: int) -> str:
    """Read the text of a reply as far as it is stored, in its pieces or in its message."""
    said = select(pieces.c.text).where(pieces.c.reply_id == reply_id).order_by(pieces.c.seq)
    whole = select(messages.c.text).where(messages.c.id == reply_id)
    with database.read() as connection:
        return "".join(connection.execute(said).scalars()) + connection.execute(whole).scalar_one()


def eventually(holds: Callable[[], object], patience: float = 20.0) -> None:
    """Wait until something holds; fail where it doesn't within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.002)
