"""Presets: well-known providers, to fill the form of a new one."""

from __future__ import annotations

from collections.abc import Container
from itertools import count
from typing import NamedTuple


class Preset(NamedTuple):
    """A provider's name and URL; `keys` is the page where people get an API key, "" if it needs none."""

    slug: str
    name: str
    url: str
    keys: str = ""


PRESETS = (
    Preset("openai", "OpenAI", "https://api.openai.com/v1", "https://platform.openai.com/api-keys"),
    Preset("anthropic", "Anthropic", "https://api.anthropic.com/v1", "https://console.anthropic.com/settings/keys"),
    Preset("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", "https://openrouter.ai/settings/keys"),
    Preset("groq", "Groq", "https://api.groq.com/openai/v1", "https://console.groq.com/keys"),
    Preset("mistral", "Mistral", "https://api.mistral.ai/v1", "https://console.mistral.ai/api-keys"),
    Preset("ollama", "Ollama", "http://127.0.0.1:11434/v1"),
    Preset("lmstudio", "LM Studio", "http://127.0.0.1:1234/v1"),
    Preset("llamacpp", "llama.cpp", "http://127.0.0.1:8080/v1"),
)

OTHER = Preset("other", "", "")
"""A provider that isn't in the list."""


def find(slug: str) -> Preset | None:
    return next((preset for preset in (*PRESETS, OTHER) if preset.slug == slug), None)


def free_name(name: str, taken: Container[str]) -> str:
    """Return a name that no provider has, in any case: the second Ollama is `Ollama 2`."""
    names = (f"{name} {number}" if number > 1 else name for number in count(1))
    return next(free for free in names if free.lower() not in taken)
