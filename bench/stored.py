"""Conversations put into a server's database by the app's own stores, as if they had been held there."""

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
"""Tokens of an answer."""


def fits(tree: Tree) -> bool:
    """Tell whether a tree can read what the app of the present one stores: whether both have the same migrations."""
    return migrations(tree) == migrations(HERE)


def migrations(tree: Tree) -> set[str]:
    """Name the migrations of a tree."""
    return {path.name for path in (tree.root / "chat").rglob("migrations/versions/*.py")}


@contextmanager
def database_of(server: Server) -> Iterator[Database]:
    """Open the database of a server as long as a block runs."""
    database = Database(f"sqlite:///{server.folder / 'instance' / 'rivulet.db'}")
    yield database
    database.dispose()


def newest_person(database: Database) -> int:
    """Find the person who came last."""
    with database.read() as connection:
        return connection.exec_driver_sql("SELECT max(id) FROM people").scalar_one()


def conversation(database: Database, person: int, count: int) -> int:
    """Store a conversation of `count` messages, questions and answers of 1 KB of Markdown by turns; gives its id."""
    turn = None
    for number in range(count // 2):
        turn = asked(database, person, f"Question {number + 1}?", turn)
        answered(database, turn)
    assert turn
    return turn.conversation_id


def asked(database: Database, person: int, text: str, after: Turn | None) -> Turn:
    """Store a question, and an empty reply to it."""
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
    """Write what the fake provider says."""
    parts = ((*prose(number), stamped(number).decode()) for number in range(tokens))
    return "".join(before + stamp + after for before, after, stamp in parts)
