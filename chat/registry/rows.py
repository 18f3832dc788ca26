"""The rows of the registry: providers, models that are turned off, and what holds for the whole instance."""

from __future__ import annotations

import json
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from chat.storage.tables import hidden_models, options, services

ENVIRONMENT = "environment"
"""The kind of a row about a provider that the environment sets up: there is one only since it was turned off."""

VERSION, DEFAULT_MODEL, SHOWN_MODELS = "services", "default_model", "shown_models"
"""Names of options: the version of all that is stored here, and two of its parts."""

IS_OPTION = options.c.name == bindparam("option")
SELECT_OPTION = select(options.c.value).where(IS_OPTION)
UPDATE_OPTION = update(options).where(IS_OPTION)
INSERT_OPTION = insert(options)
SELECT_HIDDEN_MODELS = select(hidden_models.c.provider, hidden_models.c.model)

Models = frozenset[tuple[str, str]]
"""Models, each with the name of its provider before it."""


class ProviderRecord(NamedTuple):
    """A provider as it is stored; `key` is encrypted."""

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
    """All that is stored, as of one moment."""

    version: str
    records: list[ProviderRecord]
    hidden: Models
    default: str
    shown: Models


def load(connection: Connection) -> Stored:
    """Read all that is stored."""
    hidden = frozenset((row.provider, row.model) for row in connection.execute(SELECT_HIDDEN_MODELS))
    default, shown = option(connection, DEFAULT_MODEL), shown_models(connection)
    return Stored(version(connection), load_records(connection), hidden, default, shown)


def load_records(connection: Connection) -> list[ProviderRecord]:
    """Read the providers, oldest first."""
    return [ProviderRecord(*row) for row in connection.execute(SELECT_PROVIDERS)]


def shown_models(connection: Connection) -> Models:
    """Read which models are turned on though they don't seem to chat."""
    return frozenset((name, model) for name, model in json.loads(option(connection, SHOWN_MODELS) or "[]"))


def version(connection: Connection) -> str:
    """Read the version, which each change renews."""
    return option(connection, VERSION)


def option(connection: Connection, name: str) -> str:
    """Read one thing that holds for the whole instance; empty where it was never set."""
    return connection.execute(SELECT_OPTION, {"option": name}).scalar() or ""


def set_option(connection: Connection, name: str, value: str) -> None:
    """Set one thing that holds for the whole instance."""
    if not connection.execute(UPDATE_OPTION, {"option": name, "value": value}).rowcount:
        connection.execute(INSERT_OPTION, {"name": name, "value": value})
