"""Ask and answer without a provider, wait, and look at stored rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy import Row, Table, func, insert, select, update

from chat import conversations, people, rendering
from chat.conversations import Choice, Draft, Turn
from chat.people.rate_limits import Asker
from chat.replies import log
from chat.replies.log import Ending
from chat.storage.database import Database
from chat.storage.tables import conversations as conversations_table
from chat.storage.tables import messages, pieces, replies

CHOICE = Choice("scripted", "small")


def guest(database: Database, name: str) -> int:
    """Create a guest, or find the one of that name."""
    with database.write() as connection:
        return people.get_or_create(connection, name)


def asked(
    database: Database,
    person: int,
    text: str = "Hello?",
    conversation: int | None = None,
    key: str | None = None,
    parent: int | None = None,
) -> Turn:
    """Store a question as a user sends it."""
    return conversations.ask(database, Asker(person), conversation, Draft(text, CHOICE, key, parent))


def answered(database: Database, turn: Turn, text: str = "Hi.", state: str = "complete") -> Turn:
    """End the reply of a turn."""
    assert turn.owner
    with database.write() as connection:
        assert log.end_reply(
            connection, turn.reply_id, turn.owner, Ending(state, text, f"<p>{text}</p>", rendering.VERSION)
        )
    return turn


def grown(database: Database, person: int, length: int, title: str = "Long") -> Turn:
    """Store a conversation with a number of messages, alternating questions and answers; return its last turn."""
    turn = answered(database, asked(database, person, f"{title} 1"))
    leaf = lengthened(database, turn.conversation_id, [f"Message {number}" for number in range(3, length + 1)])
    return Turn(turn.conversation_id, leaf, None, person)


def lengthened(database: Database, conversation: int, texts: Sequence[str], version: int = rendering.VERSION) -> int:
    """Store more messages below a conversation's last answer, alternating questions and answers; return the last
    turn."""
    here = conversations_table.c.id == conversation
    known = {"state": "complete", "provider": "scripted", "model": "small", "created_at": 0}
    with database.write() as connection:
        leaf = connection.execute(select(conversations_table.c.leaf_id).where(here)).scalar_one()
        rows = [
            {
                "id": leaf + number,
                "conversation_id": conversation,
                "parent_id": leaf + number - 1,
                "role": ("assistant", "user")[number % 2],
                "text": said,
                "html": None if number % 2 else f"<p>{said}</p>",
                "html_version": version,
                "created_at": 0,
            }
            for number, said in enumerate(texts, 1)
        ]
        connection.execute(insert(messages), rows)
        connection.execute(insert(replies), [{"id": row["id"], **known} for row in rows if row["html"]])
        connection.execute(update(conversations_table).where(here).values(leaf_id=leaf + len(rows), unread=False))
    return leaf + len(rows)


def count(database: Database, table: Table) -> int:
    """Count the rows of a table."""
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def stored(database: Database, reply_id: int) -> Row:
    """Read a reply's row, with its text."""
    joined = select(replies, messages.c.text, messages.c.html).join(messages, messages.c.id == replies.c.id)
    with database.read() as connection:
        return connection.execute(joined.where(replies.c.id == reply_id)).one()


def text_stored(database: Database, reply_id: int) -> str:
    """Read a reply's stored text, from its pieces or its message."""
    said = select(pieces.c.text).where(pieces.c.reply_id == reply_id, pieces.c.seq >= 0).order_by(pieces.c.seq)
    whole = select(messages.c.text).where(messages.c.id == reply_id)
    with database.read() as connection:
        return "".join(connection.execute(said).scalars()) + connection.execute(whole).scalar_one()


def eventually(holds: Callable[[], object], patience: float = 20.0, pause: float = 0.002) -> None:
    """Look every `pause` seconds until a condition holds; fail if it doesn't within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(pause)
