"""The rows of the registry: providers, hidden models, and options of the whole instance."""

from __future__ import annotations

import json
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from chat.storage.tables import hidden_models, options, services

ENVIRONMENT = "environment"
"""The kind of a provider that the environment sets up; it gets a row when an admin disables it."""

VERSION, DEFAULT_MODEL, SHOWN_MODELS = "services", "default_model", "shown_models"
"""Names of options: the version of these rows, which each change renews, and two values."""

IS_OPTION = options.c.name == bindparam("option")
SELECT_OPTION = select(options.c.value).where(IS_OPTION)
UPDATE_OPTION = update(options).where(IS_OPTION)
INSERT_OPTION = insert(options)
SELECT_HIDDEN_MODELS = select(hidden_models.c.provider, hidden_models.c.model)

Models = frozenset[tuple[str, str]]
"""Pairs of a provider's name and a model's id."""


class ProviderRecord(NamedTuple):
    """A stored provider; `key` is encrypted."""

    name: str
    kind: str
    url: str
    key: str
    key_end: str
    enabled: bool


SELECT_PROVIDERS = select(*(services.c[name] for name in ProviderRecord._fields)).order_by(
    services.c.created_at, services.c.name
)


class Stored(NamedTuple):
    """All rows of the registry, read in one transaction."""

    version: str
    records: list[ProviderRecord]
    hidden: Models
    default: str
    shown: Models


def load(connection: Connection) -> Stored:
    hidden = frozenset((row.provider, row.model) for row in connection.execute(SELECT_HIDDEN_MODELS))
    default, shown = option(connection, DEFAULT_MODEL), shown_models(connection)
    return Stored(option(connection, VERSION), load_records(connection), hidden, default, shown)


def load_records(connection: Connection) -> list[ProviderRecord]:
    """Read the providers, oldest first."""
    return [ProviderRecord(*row) for row in connection.execute(SELECT_PROVIDERS)]


def shown_models(connection: Connection) -> Models:
    """Read which models an admin enabled although they don't seem to chat."""
    return frozenset((name, model) for name, model in json.loads(option(connection, SHOWN_MODELS) or "[]"))


def option(connection: Connection, name: str) -> str:
    """Read an option; empty if it was never set."""
    return connection.execute(SELECT_OPTION, {"option": name}).scalar() or ""


def set_option(connection: Connection, name: str, value: str) -> None:
    if not connection.execute(UPDATE_OPTION, {"option": name, "value": value}).rowcount:
        connection.execute(INSERT_OPTION, {"name": name, "value": value})
