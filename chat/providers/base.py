"""The interface of a provider: it turns a conversation into a stream of text."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from chat.config import Settings
from chat.providers.answer import CreateResult

Messages = list[dict[str, str]]
"""A conversation, oldest first: `{"role": "system" | "user" | "assistant", "content": text}` each."""


@dataclass(frozen=True)
class Timeouts:
    """Timeouts in seconds: to connect, for the first byte, between bytes, for the whole answer."""

    connect: float = 5
    first_byte: float = 300
    read: float = 120
    total: float = 1800

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        it = settings
        return cls(it.connect_timeout, it.first_byte_timeout, it.read_timeout, it.total_timeout)


@dataclass(frozen=True)
class Model:
    """A model: its id in requests, its name, its context window in tokens (None if unknown), and a note for users."""

    id: str
    name: str
    window: int | None = None
    about: str = ""


WINDOW_LIFETIME = 3600.0
"""How many seconds a window that an error message named stays valid. It is kept in memory only."""


class AbstractProvider(ABC):
    """A service that answers conversations."""

    name: str = "The provider"
    """How sentences in answers call it; an address is for admins."""
    url: str = ""
    better: str = ""
    """The URL that was found to work, if `url` does not."""
    working: bool = False
    demo: bool = False
    """Whether it is only for trying Rivulet: its models are on offer only as long as there are no others."""
    supports_stream: bool = False
    supports_gpt_35_turbo: bool = False
    supports_gpt_4: bool = False
    _learned: Mapping[str, tuple[int, float]] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """Create the provider from its settings; return None if they are not set."""
        return cls()

    def models(self) -> list[Model]:
        """Return the known models, the best first, without waiting for the server."""
        return []

    def others(self) -> list[Model]:
        """Return the listed models that can't chat, judged by their names."""
        return []

    def refresh(self) -> None:
        """Ask the server for its models, and wait for the answer."""
        self.models()

    def ask_again(self) -> None:
        """Retry a model list that failed, and wait briefly for it."""
        self.models()

    def window(self, model: str) -> int | None:
        """Return a model's context window in tokens, as listed or learned from an error; None if unknown."""
        listed = next((it.window for it in self.models() if it.id == model), None)
        told, until = self._learned.get(model, (None, 0.0))
        known = [size for size in (listed, told if time.monotonic() < until else None) if size]
        return min(known, default=None)

    def learn_window(self, model: str, size: int) -> None:
        """Store for an hour the window that an error message named; the server can be reconfigured."""
        self._learned = {**self._learned, model: (size, time.monotonic() + WINDOW_LIFETIME)}

    def problem(self) -> str | None:
        """Return a sentence about why the provider can't be used and what to do; None if no problem is known."""
        return None

    @abstractmethod
    def create_completion(self, model: str, messages: Messages, stream: bool, **kwargs: Any) -> CreateResult:
        """Start an answer to the conversation.

        Raises ValueError for an unknown model. Reading the result raises ProviderErrors.
        """
