"""What is stored of providers and models: what admins set up, turned off, hid, and begin with."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from chat.registry.form import ProviderForm, key_end, require_free
from chat.storage import locks
from chat.storage.database import NotFound, clock
from chat.storage.locks import Lock
from chat.storage.tables import hidden_models, options, services

ENVIRONMENT = "environment"
"""The kind of a row about a provider that the environment sets up."""

OPTION = options.c.name == bindparam("option")
VALUE = select(options.c.value).where(OPTION)
SET = update(options).where(OPTION)
MADE = insert(options)
ALL = select(services).order_by(services.c.created_at, services.c.name)
HIDDEN = select(hidden_models)

IT = services.c.name == bindparam("it")
ONE = select(services).where(IT, services.c.kind != ENVIRONMENT)
NAMES = select(services.c.name)
NEW = insert(services).values(created_at=clock())
CHANGED = update(services).where(IT)
RESEALED = update(services).where(IT, services.c.key == bindparam("old"))
GONE = delete(services).where(IT, services.c.kind != ENVIRONMENT)

MODEL = (hidden_models.c.provider == bindparam("provider_name")) & (hidden_models.c.model == bindparam("model_id"))
FOUND = select(hidden_models.c.model).where(MODEL)
HIDE = insert(hidden_models)
SHOWN = delete(hidden_models).where(MODEL)
FORGOTTEN = delete(hidden_models).where(hidden_models.c.provider == bindparam("it"))


@dataclass(frozen=True)
class Stored:
    """All that is stored, as of one moment."""

    version: str
    rows: Sequence[Row]
    hidden: frozenset[tuple[str, str]]
    default: str
    shown: frozenset[tuple[str, str]] = frozenset()


def version(connection: Connection) -> str:
    """Tell which version of it all is stored."""
    return option(connection, "services")


def option(connection: Connection, name: str) -> str:
    """Read one thing that holds for the whole instance."""
    return connection.execute(VALUE, {"option": name}).scalar() or ""


def set_option(connection: Connection, name: str, value: str) -> None:
    """Set one thing that holds for the whole instance."""
    if not connection.execute(SET, {"option": name, "value": value}).rowcount:
        connection.execute(MADE, {"name": name, "value": value})


def all_of(connection: Connection) -> Stored:
    """Read all that is stored."""
    hidden = frozenset((row.provider, row.model) for row in connection.execute(HIDDEN))
    rows = connection.execute(ALL).all()
    return Stored(version(connection), rows, hidden, option(connection, "default_model"), shown_models(connection))


def shown_models(connection: Connection) -> frozenset[tuple[str, str]]:
    """Name the models that don't seem to chat and that an admin turned on, each with its provider."""
    return frozenset((name, model) for name, model in json.loads(option(connection, "shown_models") or "[]"))


def set_model_shown(connection: Connection, provider: str, model: str, on: bool) -> None:
    """Let a model be chosen that doesn't seem to chat, or no longer."""
    others = shown_models(connection) - {(provider, model)}
    set_option(connection, "shown_models", json.dumps(sorted(others | {(provider, model)} if on else others)))


def begin_change(connection: Connection) -> None:
    """Give it all another version, one change after the other."""
    locks.hold(connection, (Lock.SERVICES, 0))
    set_option(connection, "services", secrets.token_hex(8))


def add(connection: Connection, form: ProviderForm, key: str, taken: set[str]) -> None:
    """Store a provider with its encrypted key. Raises BadService for a name that is taken."""
    require_free(form.name, taken | set(connection.execute(NAMES).scalars()))
    row = {"name": form.name, "kind": form.kind, "url": form.url, "enabled": True}
    connection.execute(NEW, row | {"key": key, "key_end": key_end(form.key)})


def find(connection: Connection, name: str) -> Row:
    """Find a provider that an admin set up. Raises NotFound."""
    row = connection.execute(ONE, {"it": name}).first()
    if row is None:
        raise NotFound
    return row


def change(connection: Connection, name: str, **values: str) -> None:
    """Change a provider."""
    connection.execute(CHANGED, {"it": name, **values})


def set_enabled(connection: Connection, name: str, on: bool, of_environment: bool) -> None:
    """Turn a provider on or off; one of the environment has a row only since it was turned off. Raises NotFound."""
    if connection.execute(CHANGED, {"it": name, "enabled": on}).rowcount:
        return
    if not of_environment:
        raise NotFound
    connection.execute(NEW, {"name": name, "kind": ENVIRONMENT, "url": "", "key": "", "key_end": "", "enabled": on})


def remove(connection: Connection, name: str) -> None:
    """Delete a provider that an admin set up, and what was hidden of it. Raises NotFound."""
    if not connection.execute(GONE, {"it": name}).rowcount:
        raise NotFound
    connection.execute(FORGOTTEN, {"it": name})
    for provider, model in shown_models(connection):
        if provider == name:
            set_model_shown(connection, name, model, on=False)


def set_model_enabled(connection: Connection, provider: str, model: str, on: bool) -> None:
    """Let a model be chosen, or no longer."""
    which = {"provider_name": provider, "model_id": model}
    if on:
        connection.execute(SHOWN, which)
    elif not connection.execute(FOUND, which).first():
        connection.execute(HIDE, {"provider": provider, "model": model})


def set_default_model(connection: Connection, provider: str, model: str) -> None:
    """Make a model the one to begin with."""
    set_option(connection, "default_model", f"{provider}/{model}")


def reencrypt(connection: Connection, name: str, old: str, new: str) -> None:
    """Put a newly encrypted key in the place of an older one, unless that was changed since."""
    connection.execute(RESEALED, {"it": name, "old": old, "key": new})
