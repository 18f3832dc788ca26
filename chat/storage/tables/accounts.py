"""Tables of people, their sessions, and the links and attempts that let them in."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy.sql import text

from chat.storage.tables.base import metadata

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
