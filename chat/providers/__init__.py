"""Providers: the services that write answers. A new one needs a module, a row in PROVIDERS and a test."""

from __future__ import annotations

from chat.config import Settings
from chat.providers.aivvm import Aivvm
from chat.providers.base import AbstractProvider
from chat.providers.local import Local
from chat.providers.openai import OpenAICompatible

PROVIDERS: dict[str, type[AbstractProvider]] = {
    "openai": OpenAICompatible,
    "aivvm": Aivvm,
    "local": Local,
}
"""Providers by name; the first one that is configured is the default."""


def from_settings(settings: Settings) -> dict[str, AbstractProvider]:
    """Create the configured providers, by name."""
    made = {name: provider.from_settings(settings) for name, provider in PROVIDERS.items()}
    return {name: provider for name, provider in made.items() if provider is not None}
