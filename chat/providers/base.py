"""What a provider is: something that turns a conversation into a stream of text; its errors are in errors.py, its
answers in answer.py."""

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
    """How long to wait, in seconds: to connect, for the first byte, between bytes, for the whole answer."""

    connect: float = 5
    first_byte: float = 300
    read: float = 120
    total: float = 1800

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Read CONNECT_TIMEOUT, FIRST_BYTE_TIMEOUT, READ_TIMEOUT and TOTAL_TIMEOUT."""
        it = settings
        return cls(it.connect_timeout, it.first_byte_timeout, it.read_timeout, it.total_timeout)


@dataclass(frozen=True)
class Model:
    """A model on offer: its id on the wire, its name, its window in tokens (None: not known), a word about it."""

    id: str
    name: str
    window: int | None = None
    about: str = ""


REMEMBERED = 3600.0
"""How long a window counts that a refusal told, in seconds. It isn't stored: after a start another refusal tells."""


class AbstractProvider(ABC):
    """A service that answers conversations."""

    url: str = ""
    better: str = ""
    """An address that was found to be meant, where `url` isn't the right one."""
    working: bool = False
    supports_stream: bool = False
    supports_gpt_35_turbo: bool = False
    supports_gpt_4: bool = False
    _learned: Mapping[str, tuple[int, float]] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """Make the provider that the settings (chat/config/settings.py) describe; None where they name none."""
        return cls()

    def models(self) -> list[Model]:
        """The models on offer, the best first; answers at once, from what is known."""
        return []

    def others(self) -> list[Model]:
        """Models that the service lists and that are no use in a chat, as far as their names tell."""
        return []

    def refresh(self) -> None:
        """Find out again what can be known, and wait for it."""
        self.models()

    def ask_again(self) -> None:
        """Find out once more what couldn't be found out, and wait a moment for it."""
        self.models()

    def window(self, model: str) -> int | None:
        """How many tokens a model reads, as listed or as a refusal told; None where that is not known."""
        listed = next((it.window for it in self.models() if it.id == model), None)
        told, until = self._learned.get(model, (None, 0.0))
        known = [size for size in (listed, told if time.monotonic() < until else None) if size]
        return min(known, default=None)

    def learn_window(self, model: str, size: int) -> None:
        """Note how many tokens a model reads, as a refusal told, for an hour: a server may be given more."""
        self._learned = {**self._learned, model: (size, time.monotonic() + REMEMBERED)}

    def problem(self) -> str | None:
        """A sentence that says why it can't be used now and what to do; None where nothing is known to be wrong."""
        return None

    @abstractmethod
    def create_completion(self, model: str, messages: Messages, stream: bool, **kwargs: Any) -> CreateResult:
        """Ask the model to go on with the conversation.

        Arguments are checked here: ValueError for a model that isn't supported. What goes wrong later is raised as
        a ProviderError while the result is read.
        """
