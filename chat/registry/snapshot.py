"""A snapshot of the registry: the providers of the environment and of the database at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chat.providers.base import AbstractProvider, Model, Timeouts
from chat.providers.errors import for_admin
from chat.registry.encryption import DecryptionError, SecretBox
from chat.registry.form import KINDS
from chat.registry.rows import ENVIRONMENT, Models, ProviderRecord, Stored
from chat.server import logs
from chat.storage.database import NotFound

LOCKED = "The stored API key can't be decrypted because SECRET_KEY changed. Enter the API key again."
IDLE = "Not configured correctly."
UNKNOWN = "Unknown API type. Update Rivulet."


@dataclass(frozen=True)
class ProviderEntry:
    """A provider as admins see it; `provider` is None if it can't be created, and `wrong` says why."""

    name: str
    kind: str
    url: str
    key_end: str
    enabled: bool
    provider: AbstractProvider | None = None
    wrong: str = ""
    origin: tuple[str, str, str] | None = field(default=None, repr=False)

    def models(self) -> list[Model]:
        """List its models that chat; empty if it is disabled."""
        return self.provider.models() if self.provider and self.enabled else []

    def others(self) -> list[Model]:
        """List its models that don't seem to chat; empty if it is disabled."""
        return self.provider.others() if self.provider and self.enabled else []

    def require_models(self, models: Set[str]) -> None:
        """Raise NotFound for a model that it doesn't list."""
        if models - {each.id for each in [*self.models(), *self.others()]}:
            raise NotFound

    def refresh(self) -> None:
        """Fetch its list of models, and wait for it."""
        if self.provider and self.enabled:
            self.provider.refresh()

    def problem(self) -> str:
        """Return for the admin what is wrong with it; empty if nothing is."""
        if self.provider is None:
            return self.wrong
        return for_admin(self.provider.problem() or ("" if self.provider.working else IDLE))

    @property
    def has_key(self) -> bool:
        """Whether a key is stored that can be used."""
        return bool(self.origin and self.origin[2])

    @property
    def is_demo(self) -> bool:
        return self.provider is not None and self.provider.demo


@dataclass(frozen=True)
class Snapshot:
    """The providers, the hidden models, and the default model (`provider/model`).

    `shown` are enabled models that don't seem to chat.
    """

    version: str | None = None
    entries: Mapping[str, ProviderEntry] = field(default_factory=dict)
    hidden: Models = frozenset()
    default: str = ""
    providers: Mapping[str, AbstractProvider] = field(default_factory=dict)
    shown: Models = frozenset()

    def models(self, name: str) -> list[Model]:
        """List the models of a provider that a person can choose."""
        provider = self.providers[name]
        offered = [model for model in provider.models() if (name, model.id) not in self.hidden]
        return offered + [model for model in provider.others() if (name, model.id) in self.shown]


def build_snapshot(
    stored: Stored, configured: Mapping[str, AbstractProvider], before: Snapshot, box: SecretBox, timeouts: Timeouts
) -> Snapshot:
    """Combine configured and stored providers. An unchanged provider stays the same object."""
    off = {record.name for record in stored.records if not record.enabled}
    entries = {
        name: ProviderEntry(name, ENVIRONMENT, without_secrets(provider.url), "", name not in off, provider)
        for name, provider in configured.items()
    }
    for record in stored.records:
        if record.kind != ENVIRONMENT and record.name not in entries:
            entries[record.name] = stored_entry(record, before.entries.get(record.name), box, timeouts)
    on = {name: entry.provider for name, entry in entries.items() if entry.enabled and entry.provider}
    return Snapshot(stored.version, entries, stored.hidden, stored.default, on, stored.shown)


def without_secrets(url: str) -> str:
    """Cut user, password and query, which can be secrets of the environment, off an address."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def stored_entry(
    record: ProviderRecord, before: ProviderEntry | None, box: SecretBox, timeouts: Timeouts
) -> ProviderEntry:
    shown = (record.name, record.kind, record.url, record.key_end, record.enabled)
    if record.kind not in KINDS:
        return ProviderEntry(*shown, wrong=UNKNOWN)
    try:
        key = box.decrypt(record.key, record.url) if record.key else ""
    except DecryptionError:
        return ProviderEntry(*shown, wrong=LOCKED)
    logs.register_secrets([key])
    origin = (record.kind, record.url, key)
    provider = (
        before.provider
        if before and before.origin == origin
        else KINDS[record.kind](record.url, key, timeouts, name=record.name)
    )
    return ProviderEntry(*shown, provider=provider, origin=origin)
