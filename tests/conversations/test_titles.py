"""Test titles: a conversation's title is the first line of its first message, until its owner renames it."""

from __future__ import annotations

import pytest

from chat import conversations
from chat.conversations import NoTitle
from chat.conversations.titles import TITLE_LENGTH, title_of
from chat.storage.database import Database, NotFound
from tests.turns import asked


def title(database: Database, person: int) -> str:
    return conversations.listing(database, person)[0].title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello?", "Hello?"),
        ("  Two\twords \n\nand more lines", "Two words"),
        ("# **Why** does `f()` ~~fail~~?", "Why does f() fail?"),
        ("> - See [the docs](https://example.org/a)", "See the docs"),
        ("```python\ndef f(): ...\n```\n\nWhat is this?\n", "What is this?"),
        ("~~~\n---\nx = 1 ``` 2\n", "x = 1 ``` 2"),
        ("f(*args, **kwargs) in __init__.py is 2 * 3", "f(*args, **kwargs) in __init__.py is 2 * 3"),
        ("```\n```", "``` ```"),
        ("😀", "😀"),
        ("\n" * 1000 + "Late", "Late"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("word " * 40, "word " * 14 + "word…"),
    ],
)
def test_a_conversation_is_titled_by_its_first_line_without_markdown(text: str, title: str) -> None:
    assert title_of(text) == title
    assert len(title) <= TITLE_LENGTH


def test_a_conversation_is_renamed(database: Database, person: int) -> None:
    turn = asked(database, person)

    conversations.rename(database, person, turn.conversation_id, "  The\nriver \0")

    assert title(database, person) == "The river"


def test_a_conversation_keeps_its_title_where_there_is_no_other(database: Database, person: int) -> None:
    turn = asked(database, person)

    with pytest.raises(NoTitle, match="Enter a title"):
        conversations.rename(database, person, turn.conversation_id, " \n\0 ")

    assert title(database, person) == "Hello?"


def test_a_conversation_of_somebody_else_keeps_its_title(database: Database, person: int) -> None:
    turn = asked(database, person)

    with pytest.raises(NotFound):
        conversations.rename(database, person + 1, turn.conversation_id, "")

    assert title(database, person) == "Hello?"
