"""Store conversations in a server's database through the app's own stores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.servers import Server
from bench.stamps import stamped
from bench.texts import prose
from bench.trees import HERE, Tree
from chat import conversations, rendering
from chat.conversations import Choice, Draft, Turn
from chat.people.rate_limits import Asker
from chat.replies import log
from chat.replies.log import Ending
from chat.storage.database import Database

KILOBYTE = 80
"""Tokens in an answer of 1 KB."""


def fits(tree: Tree) -> bool:
    """Return whether a tree can read rows of the present one: both must have the same migrations."""
    return migrations(tree) == migrations(HERE)


def migrations(tree: Tree) -> set[str]:
    return {path.name for path in (tree.root / "chat").rglob("migrations/versions/*.py")}


@contextmanager
def database_of(server: Server) -> Iterator[Database]:
    """Open a server's database while a block runs."""
    database = Database(f"sqlite:///{server.folder / 'instance' / 'rivulet.db'}")
    yield database
    database.dispose()


def newest_person(database: Database) -> int:
    """Find the user who was created last."""
    with database.read() as connection:
        return connection.exec_driver_sql("SELECT max(id) FROM people").scalar_one()


def conversation(database: Database, person: int, count: int) -> int:
    """Store a conversation of `count` messages, questions and answers of 1 KB of Markdown in turn; return its id."""
    turn = None
    for number in range(count // 2):
        turn = asked(database, person, f"Question {number + 1}?", turn)
        answered(database, turn)
    assert turn
    return turn.conversation_id


def asked(database: Database, person: int, text: str, after: Turn | None) -> Turn:
    """Store a question and an empty reply to it."""
    conversation_id = after.conversation_id if after else None
    return conversations.ask(database, Asker(person), conversation_id, Draft(text, Choice("openai", "small")))


def answered(database: Database, turn: Turn) -> None:
    """End the reply of a turn."""
    text = said(KILOBYTE)
    html = str(rendering.render(text, f"m{turn.reply_id}"))
    with database.write() as connection:
        assert turn.owner
        log.end_reply(connection, turn.reply_id, turn.owner, Ending("complete", text, html, rendering.VERSION))


def said(tokens: int) -> str:
    """Write the fake provider's text."""
    parts = ((*prose(number), stamped(number).decode()) for number in range(tokens))
    return "".join(before + stamp + after for before, after, stamp in parts)
