"""Tables of the whole instance: its options, its providers and their models."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, String, Table, Text

from chat.storage.tables.base import metadata

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
