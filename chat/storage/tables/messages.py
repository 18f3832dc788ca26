"""Tables of conversations.

A conversation is a tree of messages: a message has a parent, and a conversation remembers the leaf that it shows.
A reply holds the facts about a message that a model writes.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, false

from chat.storage.tables.base import metadata

conversations = Table(
    "conversations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("leaf_id", Integer),
    Column("unread", Boolean, nullable=False, default=False, server_default=false()),
    Column("mixed", Boolean, nullable=False, default=False, server_default=false()),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("parent_id", ForeignKey("messages.id", ondelete="CASCADE"), index=True),
    Column("role", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text),
    Column("html_version", Integer),
    Column("turn_key", String(64), unique=True),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_messages_siblings", "conversation_id", "parent_id"),
    sqlite_autoincrement=True,
)

replies = Table(
    "replies",
    metadata,
    Column("id", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False, index=True),
    Column("provider", String(64), nullable=False),
    Column("model", Text, nullable=False),
    Column("owner", String(64)),
    Column("lease_until", BigInteger),
    Column("stop", Boolean, nullable=False, default=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("continued", Integer, nullable=False, default=0, server_default="0"),
    Column("left_out", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("finish_reason", Text),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("first_word_ms", Integer),
    Column("duration_ms", Integer),
    Column("reasoning_ms", Integer),
    Column("reasoning", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("address", String(32)),
)

pieces = Table(
    "pieces",
    metadata,
    Column("reply_id", ForeignKey("replies.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""What is written so far of a running reply: its text is numbered from 0 up, its reasoning from -1 down."""

queued = Table(
    "queued",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("reply_id", ForeignKey("messages.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("provider", String(64), nullable=False),
    Column("model", Text, nullable=False),
    Column("turn_key", String(64)),
    Column("address", String(32)),
    Column("created_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
"""Messages that wait for the end of a reply."""

sends = Table(
    "sends",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("address", String(32), index=True),
    Column("at", BigInteger, nullable=False, index=True),
)
