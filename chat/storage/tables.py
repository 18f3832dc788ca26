"""The tables of the newest version; migrations/ brings a database there.

A conversation is a tree of messages: a message has a parent, and a conversation remembers the leaf that it shows.
A reply holds the facts about a message that a model writes. Times are whole seconds of the database's clock.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, false
from sqlalchemy.sql import text

metadata = MetaData()

people = Table(
    "people",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", String(64), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("role", String(16), nullable=False, default="guest", server_default="guest"),
    Column("email", String(254)),
    Column("name", Text),
    Column("password", Text),
    Column("subject", Text),
    Column("suspended_at", BigInteger),
    Column("seen_at", BigInteger),
    Index("ix_people_email", "email", unique=True),
    Index("ix_people_subject", "subject", unique=True),
    sqlite_autoincrement=True,
)
"""Guests, members and admins. `email` is in lower case; `subject` identifies them at the OpenID provider."""

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("data", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), index=True),
    Column("created_at", BigInteger),
    Column("seen_at", BigInteger),
    Column("agent", Text),
)
"""Sessions of browsers; `agent` is the User-Agent header."""

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

sends = Table(
    "sends",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("address", String(32), index=True),
    Column("at", BigInteger, nullable=False, index=True),
)

invites = Table(
    "invites",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("email", String(254)),
    Column("uses_left", Integer, nullable=False),
    Column("made_by", ForeignKey("people.id", ondelete="SET NULL")),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    sqlite_autoincrement=True,
)
"""Links that create accounts. The table holds only a digest of each, so that a copy of it lets nobody in."""

resets = Table(
    "resets",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
)
"""Links for a new password; the table holds only a digest of each."""

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("whose", String(64), nullable=False, index=True),
    Column("at", BigInteger, nullable=False, index=True),
)
"""Attempts to sign in, by a digest of the account or of the client address."""

BY_STRANGERS = text("action = 'sign_in_throttled'")
"""The entries that strangers can cause. It has no parameter: the planner only matches a partial index literally."""

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor_id", Integer),
    Column("actor", Text, nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", Text, nullable=False, default=""),
    Index("ix_audit_throttled", "id", sqlite_where=BY_STRANGERS, postgresql_where=BY_STRANGERS),
    sqlite_autoincrement=True,
)
"""Who did what, in words that stay readable after the person is deleted."""

options = Table(
    "options",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
"""Settings of the whole instance beyond the environment."""

services = Table(
    "services",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("url", Text, nullable=False, default=""),
    Column("key", Text, nullable=False, default=""),
    Column("key_end", String(8), nullable=False, default=""),
    Column("enabled", Boolean, nullable=False, default=True),
    Column("created_at", BigInteger, nullable=False),
)
"""Providers that an admin added or disabled; `key` is encrypted, and pages show only `key_end` of it."""

hidden_models = Table(
    "hidden_models",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("model", String(256), primary_key=True),
)
"""Models that an admin disabled."""
