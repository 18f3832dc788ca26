"""The records of a conversation, a message and a reply, and how to load them from rows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

from sqlalchemy import Row, null, select

from chat.storage.tables import conversations, messages, replies


class Conversation(NamedTuple):
    """A conversation; it is `mixed` if several models wrote its shown branch."""

    id: int
    title: str
    leaf_id: int | None
    unread: bool
    mixed: bool
    created_at: int
    updated_at: int
    answering: bool = False


@dataclass(frozen=True)
class Message:
    """A person's message, and the fields of every message."""

    id: int
    conversation_id: int
    parent_id: int | None
    role: str
    text: str
    html: str | None
    html_version: int | None
    created_at: int


@dataclass(frozen=True)
class Reply(Message):
    """A model's message and how it was made; of its reasoning, which can be long, only whether there is some."""

    state: str
    provider: str
    model: str
    attempts: int
    left_out: int
    error: str | None
    finish_reason: str | None
    ended_at: int | None
    prompt_tokens: int | None
    completion_tokens: int | None
    first_word_ms: int | None
    duration_ms: int | None
    reasoning_ms: int | None
    reasoned: bool = False


OF_MESSAGE = [field.name for field in fields(Message)]
OF_REPLY = [field.name for field in fields(Reply)][len(OF_MESSAGE) : -1]
REASONED = replies.c.reasoning.is_not(None)

CONVERSATION_COLUMNS = [conversations.c[name] for name in Conversation._fields if name != "answering"]
MESSAGE_COLUMNS = [messages.c[name] for name in OF_MESSAGE] + [replies.c[name] for name in OF_REPLY] + [REASONED]
# HTML is as long as the text, and only pages need it.
COLUMNS_WITHOUT_HTML = [null() if column is messages.c.html else column for column in MESSAGE_COLUMNS]

# We build statements once: building one costs more than running it.
JOINED = messages.outerjoin(replies, replies.c.id == messages.c.id)
SELECT_MESSAGES = select(*MESSAGE_COLUMNS).select_from(JOINED)
SELECT_TEXTS = select(*COLUMNS_WITHOUT_HTML).select_from(JOINED)
"""Messages with the fields of their replies: with HTML, and without."""


def load_message(row: Row) -> Message:
    """Make a message of a row of SELECT_MESSAGES, and a Reply if a model wrote it."""
    return Reply(*row) if row.state is not None else Message(*row[: len(OF_MESSAGE)])
