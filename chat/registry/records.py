"""The records of the registry: each function checks, stores and notes one change by an admin."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, update

from chat.people.person import Actor
from chat.registry import ProviderRegistry
from chat.registry.encryption import DecryptionError, SecretBox
from chat.registry.form import InvalidProvider, ProviderForm, check_name_is_free
from chat.registry.rows import (
    DEFAULT_MODEL,
    ENVIRONMENT,
    SHOWN_MODELS,
    ProviderRecord,
    load_records,
    set_option,
    shown_models,
)
from chat.storage.database import NotFound, clock
from chat.storage.tables import hidden_models, services

OTHER_ADDRESS = "The URL changed, so enter the API key again. A key is sent only to the URL it was entered for."

LEAST_SHOWN_OF = 12
"""The end of a key is shown if the key has so many characters: of a shorter one, four would be too many."""

IS_PROVIDER = services.c.name == bindparam("provider_name")
INSERT_PROVIDER = insert(services).values(created_at=clock())
UPDATE_PROVIDER = update(services).where(IS_PROVIDER)
UPDATE_KEY = UPDATE_PROVIDER.where(services.c.key == bindparam("old"))
DELETE_PROVIDER = delete(services).where(IS_PROVIDER, services.c.kind != ENVIRONMENT)

IS_OF_PROVIDER = hidden_models.c.provider == bindparam("provider_name")
INSERT_HIDDEN_MODEL = insert(hidden_models)
DELETE_HIDDEN_MODEL = delete(hidden_models).where(IS_OF_PROVIDER, hidden_models.c.model == bindparam("model_id"))
DELETE_HIDDEN_MODELS = delete(hidden_models).where(IS_OF_PROVIDER)


def add(registry: ProviderRegistry, admin: Actor, form: ProviderForm) -> None:
    """Add a provider, or leave it if a double click has added it. Raises InvalidProvider if its name is taken."""
    known = registry.now().entries.get(form.name)
    if known and known.origin == (form.kind, form.url, form.key):
        return
    key = encrypt_key(registry.box, form)
    with registry.changing(admin, ("provider_added", f"{form.name} ({form.url})")) as connection:
        check_name_is_free(form.name, {*registry.configured, *(record.name for record in load_records(connection))})
        connection.execute(INSERT_PROVIDER, {"name": form.name, "kind": form.kind, "url": form.url, **key})


def change(registry: ProviderRegistry, admin: Actor, form: ProviderForm) -> None:
    """Change a provider's address or key; an empty key keeps the stored one. Raises InvalidProvider and NotFound."""
    key = encrypt_key(registry.box, form) if form.key else {}
    action = "key_changed" if key else "provider_changed"
    with registry.changing(admin, (action, f"{form.name} ({form.url})")) as connection:
        record = find(connection, form.name)
        if record.key and not key and record.url != form.url:
            raise InvalidProvider(OTHER_ADDRESS)
        connection.execute(UPDATE_PROVIDER, {"provider_name": form.name, "url": form.url, **key})


def encrypt_key(box: SecretBox, form: ProviderForm) -> dict[str, str]:
    """Return the columns of a form's key."""
    end = form.key[-4:] if len(form.key) >= LEAST_SHOWN_OF else ""
    return {"key": box.encrypt(form.key, form.url) if form.key else "", "key_end": end}


def find(connection: Connection, name: str) -> ProviderRecord:
    """Find a provider that an admin added. Raises NotFound."""
    for record in load_records(connection):
        if record.name == name and record.kind != ENVIRONMENT:
            return record
    raise NotFound


def set_enabled(registry: ProviderRegistry, admin: Actor, name: str, on: bool) -> None:
    """Enable or disable a provider. Raises NotFound."""
    with registry.changing(admin, (f"provider_{'on' if on else 'off'}", name)) as connection:
        if connection.execute(UPDATE_PROVIDER, {"provider_name": name, "enabled": on}).rowcount:
            return
        if name not in registry.configured:
            raise NotFound
        connection.execute(INSERT_PROVIDER, {"name": name, "kind": ENVIRONMENT, "enabled": on})


def remove(registry: ProviderRegistry, admin: Actor, name: str) -> None:
    """Delete a provider that an admin added, and the settings of its models. Raises NotFound."""
    which = {"provider_name": name}
    with registry.changing(admin, ("provider_deleted", name)) as connection:
        if not connection.execute(DELETE_PROVIDER, which).rowcount:
            raise NotFound
        connection.execute(DELETE_HIDDEN_MODELS, which)
        set_shown(connection, name, [model for provider, model in shown_models(connection) if provider == name], False)


def save_models(
    registry: ProviderRegistry,
    admin: Actor,
    name: str,
    on: Sequence[str] = (),
    off: Sequence[str] = (),
    default: str = "",
) -> None:
    """Turn models of a provider on and off, and make one the default. Raises NotFound if the provider lacks one."""
    entry = registry.find(name)
    changes = {"model_on": on, "model_off": off, "model_first": [default] if default else []}
    entry.require_models({model for models in changes.values() for model in models})
    notes = [(action, name_models(name, models)) for action, models in changes.items() if models]
    if not notes:
        return
    with registry.changing(admin, *notes) as connection:
        others = {model.id for model in entry.others()}
        for models, is_on in ((on, True), (off, False)):
            set_shown(connection, name, [model for model in models if model in others], is_on)
            set_hidden(connection, name, [model for model in models if model not in others], not is_on)
        if default:
            set_option(connection, DEFAULT_MODEL, f"{name}/{default}")


def name_models(provider: str, models: Sequence[str]) -> str:
    if len(models) == 1:
        return f"{provider}/{models[0]}"
    return f"{provider}, {len(models)} models: {', '.join(models)}"


def set_hidden(connection: Connection, provider: str, models: Sequence[str], hidden: bool) -> None:
    """Hide models that chat, or show them again."""
    if models:
        connection.execute(DELETE_HIDDEN_MODEL, [{"provider_name": provider, "model_id": model} for model in models])
    if models and hidden:
        connection.execute(INSERT_HIDDEN_MODEL, [{"provider": provider, "model": model} for model in models])


def set_shown(connection: Connection, provider: str, models: Sequence[str], on: bool) -> None:
    """Show models that don't seem to chat, or hide them again."""
    named, before = {(provider, model) for model in models}, shown_models(connection)
    after = before | named if on else before - named
    if after != before:
        set_option(connection, SHOWN_MODELS, json.dumps(sorted(after)))


def reencrypt(registry: ProviderRegistry) -> None:
    """Encrypt each key again, with the newest secret, if an older one encrypted it."""
    with registry.database.read() as connection:
        records = load_records(connection)
    for record in records:
        if record.key and not registry.box.is_current(record.key):
            reencrypt_key(registry, record)


def reencrypt_key(registry: ProviderRegistry, record: ProviderRecord) -> None:
    """Encrypt a key again, unless it can't be decrypted, or another worker has changed it."""
    try:
        key = registry.box.encrypt(registry.box.decrypt(record.key, record.url), record.url)
    except DecryptionError:
        return
    with registry.database.write() as connection:
        connection.execute(UPDATE_KEY, {"provider_name": record.name, "old": record.key, "key": key})
