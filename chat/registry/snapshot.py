"""What is known of the providers at one moment: made of what is configured and what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chat.providers.base import AbstractProvider, Model, Timeouts
from chat.registry.encryption import DecryptionError, SecretBox
from chat.registry.form import KINDS, create_provider
from chat.registry.rows import ENVIRONMENT, Models, ProviderRecord, Stored
from chat.server import logs
from chat.storage.database import NotFound

LOCKED = "Its key can't be read, as SECRET_KEY is another one than it was. Enter the key again."
IDLE = "It can't be used as it is set up."
UNKNOWN = "This Rivulet doesn't know the protocol that it speaks. A newer one does."


@dataclass(frozen=True)
class ProviderEntry:
    """A provider as admins see it; `provider` is None where it can't be made, and `wrong` says why."""

    name: str
    kind: str
    url: str
    key_end: str
    enabled: bool
    provider: AbstractProvider | None = None
    wrong: str = ""
    origin: tuple[str, str, str] | None = field(default=None, repr=False)

    def models(self) -> list[Model]:
        """List the models of a provider that is turned on."""
        return self.provider.models() if self.provider and self.enabled else []

    def others(self) -> list[Model]:
        """List the models that don't seem to chat."""
        return self.provider.others() if self.provider and self.enabled else []

    def ids(self) -> set[str]:
        """Name its models, those too that don't seem to chat."""
        return {model.id for model in [*self.models(), *self.others()]}

    def require_model(self, model: str) -> None:
        """Raise NotFound for a model that it doesn't list."""
        if model not in self.ids():
            raise NotFound

    def is_other(self, model: str) -> bool:
        """Tell whether a model doesn't seem to chat."""
        return model in {other.id for other in self.others()}

    def refresh(self) -> None:
        """Ask it now what it offers, and wait for the answer."""
        if self.provider and self.enabled:
            self.provider.refresh()

    def problem(self) -> str:
        """Say what is wrong with it; empty where nothing is known to be."""
        if self.provider is None:
            return self.wrong
        return self.provider.problem() or ("" if self.provider.working else IDLE)


@dataclass(frozen=True)
class Snapshot:
    """The providers, the models that are turned off, and the one to begin with (`provider/model`).

    `shown` are models that don't seem to chat and that are turned on.
    """

    version: str | None = None
    entries: Mapping[str, ProviderEntry] = field(default_factory=dict)
    hidden: Models = frozenset()
    default: str = ""
    providers: Mapping[str, AbstractProvider] = field(default_factory=dict)
    shown: Models = frozenset()

    def models(self, name: str) -> list[Model]:
        """List the models of a provider that can be chosen."""
        provider = self.providers[name]
        offered = [model for model in provider.models() if (name, model.id) not in self.hidden]
        return offered + [model for model in provider.others() if (name, model.id) in self.shown]


def build_snapshot(
    stored: Stored, configured: Mapping[str, AbstractProvider], before: Snapshot, box: SecretBox, timeouts: Timeouts
) -> Snapshot:
    """Put together what is configured and what is stored; a provider that stays as it was is the same object."""
    off = {record.name for record in stored.records if not record.enabled}
    entries = {name: environment_entry(name, provider, name not in off) for name, provider in configured.items()}
    for record in stored.records:
        if record.kind != ENVIRONMENT and record.name not in entries:
            entries[record.name] = stored_entry(record, before.entries.get(record.name), box, timeouts)
    on = {name: entry.provider for name, entry in entries.items() if entry.enabled and entry.provider}
    return Snapshot(stored.version, entries, stored.hidden, stored.default, on, stored.shown)


def environment_entry(name: str, provider: AbstractProvider, enabled: bool) -> ProviderEntry:
    """Tell of a provider that the environment sets up."""
    return ProviderEntry(name, ENVIRONMENT, without_secrets(provider.url), "", enabled, provider)


def without_secrets(url: str) -> str:
    """Write an address without the user, the password and the query that an environment may have put in."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def stored_entry(
    record: ProviderRecord, before: ProviderEntry | None, box: SecretBox, timeouts: Timeouts
) -> ProviderEntry:
    """Tell of a provider that an admin set up."""
    shown = (record.name, record.kind, record.url, record.key_end, record.enabled)
    if record.kind not in KINDS:
        return ProviderEntry(*shown, wrong=UNKNOWN)
    try:
        key = box.decrypt(record.key, record.url) if record.key else ""
    except DecryptionError:
        return ProviderEntry(*shown, wrong=LOCKED)
    logs.register_secrets([key])
    origin = (record.kind, record.url, key)
    provider = before.provider if before and before.origin == origin else create_provider(*origin, timeouts)
    return ProviderEntry(*shown, provider=provider, origin=origin)
