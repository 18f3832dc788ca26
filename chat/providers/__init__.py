"""Providers: the services that answer, in one table. A new one is a module, a row here and a test."""

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
"""Name to class; the first one that is set up is the one to begin with."""


def from_settings(settings: Settings) -> dict[str, AbstractProvider]:
    """Make the providers that the settings describe, by name."""
    made = {name: provider.from_settings(settings) for name, provider in PROVIDERS.items()}
    return {name: provider for name, provider in made.items() if provider is not None}
