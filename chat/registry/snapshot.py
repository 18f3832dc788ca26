"""What is known of the providers at one moment: made of what is configured and what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import Row

from chat.providers.base import AbstractProvider, Model, Timeouts
from chat.registry.encryption import DecryptionError, SecretBox
from chat.registry.form import KINDS, create_provider
from chat.registry.records import ENVIRONMENT, Stored
from chat.server import logs

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
    made_of: tuple[str, str, str] | None = field(default=None, repr=False)

    def models(self) -> list[Model]:
        """List the models of a provider that is turned on."""
        return self.provider.models() if self.provider and self.enabled else []

    def others(self) -> list[Model]:
        """List the models that don't seem to chat."""
        return self.provider.others() if self.provider and self.enabled else []

    def ids(self) -> set[str]:
        """Name its models, those too that don't seem to chat."""
        return {model.id for model in [*self.models(), *self.others()]}

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
    hidden: frozenset[tuple[str, str]] = frozenset()
    default: str = ""
    providers: Mapping[str, AbstractProvider] = field(default_factory=dict)
    shown: frozenset[tuple[str, str]] = frozenset()

    def models(self, name: str) -> list[Model]:
        """List the models of a provider that can be chosen."""
        provider = self.providers[name]
        offered = [model for model in provider.models() if (name, model.id) not in self.hidden]
        return offered + [model for model in provider.others() if (name, model.id) in self.shown]


def build_snapshot(
    stored: Stored, configured: Mapping[str, AbstractProvider], before: Snapshot, box: SecretBox, timeouts: Timeouts
) -> Snapshot:
    """Put together what is configured and what is stored; a provider that stays as it was is the same object."""
    off = {row.name for row in stored.rows if not row.enabled}
    services = {name: environment_entry(name, provider, name not in off) for name, provider in configured.items()}
    for row in stored.rows:
        if row.kind != ENVIRONMENT and row.name not in services:
            services[row.name] = stored_entry(row, before.entries.get(row.name), box, timeouts)
    on = {name: service.provider for name, service in services.items() if service.enabled and service.provider}
    return Snapshot(stored.version, services, stored.hidden, stored.default, on, stored.shown)


def environment_entry(name: str, provider: AbstractProvider, enabled: bool) -> ProviderEntry:
    """Tell of a provider that the environment sets up."""
    return ProviderEntry(name, ENVIRONMENT, without_secrets(provider.url), "", enabled, provider)


def without_secrets(url: str) -> str:
    """Write an address without the user, the password and the query that an environment may have put in."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def stored_entry(row: Row, before: ProviderEntry | None, box: SecretBox, timeouts: Timeouts) -> ProviderEntry:
    """Tell of a provider that an admin set up."""
    shown = (row.name, row.kind, row.url, row.key_end, row.enabled)
    if row.kind not in KINDS:
        return ProviderEntry(*shown, wrong=UNKNOWN)
    try:
        key = box.decrypt(row.key, row.url) if row.key else ""
    except DecryptionError:
        return ProviderEntry(*shown, wrong=LOCKED)
    logs.register_secrets([key])
    made_of = (row.kind, row.url, key)
    same = before is not None and before.made_of == made_of
    provider = before.provider if before and same else create_provider(*made_of, timeouts)
    return ProviderEntry(*shown, provider=provider, made_of=made_of)
