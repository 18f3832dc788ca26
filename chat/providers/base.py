"""What a provider is: something that turns a conversation into a stream of text; its errors are in errors.py."""

from __future__ import annotations

import io
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from chat.providers.errors import (
    BadKey,
    ContextTooLong,
    Interrupted,
    ModelNotFound,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
)

__all__ = [
    "AbstractProvider",
    "BadKey",
    "ContextTooLong",
    "CreateResult",
    "Interrupted",
    "Messages",
    "Model",
    "ModelNotFound",
    "ProviderError",
    "RateLimited",
    "Refused",
    "Timeouts",
    "Unavailable",
]

Messages = list[dict[str, str]]
"""A conversation, oldest first: `{"role": "system" | "user" | "assistant", "content": text}` each."""

ANSWER_LIMIT, REASONING_LIMIT = 1_000_000, 200_000
"""The longest answer, in characters, and how much is kept of what was thought before; what never ends is cut here."""


@dataclass(frozen=True)
class Timeouts:
    """How long to wait, in seconds: to connect, for the first byte, between bytes, for the whole answer."""

    connect: float = 5
    first: float = 300
    gap: float = 120
    whole: float = 1800


@dataclass(frozen=True)
class Model:
    """A model on offer: its id on the wire, its name, its window in tokens (None: not known), a word about it."""

    id: str
    name: str
    window: int | None = None
    about: str = ""


class CreateResult:
    """A response and what is known of it, had piece by piece; nothing is sent before the first one is asked for.

    Iterating yields pieces of text, and the same ones again when iterated again; an error comes again at its place.
    `finish_reason`, `usage` (a dict with `prompt_tokens` and `completion_tokens`), `reasoning` and `thinking_since` (of
    the monotonic clock) fill up while it is read. `notice` is a sentence to show while the first piece is awaited.
    """

    def __init__(self, model: str, pieces: Iterable[str] = ()):
        self.model = model
        self.finish_reason: str | None = None
        self.usage: dict[str, int] | None = None
        self.thinking_since: float | None = None
        self.notice = ""
        self._given = pieces
        self._source: Iterator[str] | None = None
        self._kept: list[str] = []
        self._thoughts = io.StringIO()
        self._error: ProviderError | None = None
        self._length, self._closed = 0, False

    def __iter__(self) -> Iterator[str]:
        position = 0
        while position < len(self._kept) or self._read():
            yield self._kept[position]
            position += 1

    def _read(self) -> bool:
        """Fetch one more piece; False at the end."""
        if self._error:
            raise self._error
        if self._closed:
            return False
        try:
            self._source = self._source or self.pieces()
            piece = next(self._source)
            return not self._closed and self._keep(piece)
        except StopIteration:
            self.close()
        except ProviderError as error:
            if not self._closed:
                self._error = error
                self.close()
                raise
        return False

    def pieces(self) -> Iterator[str]:
        """Yield the text as it comes: what a provider overrides."""
        return iter(self._given)

    def _keep(self, piece: str) -> bool:
        self._length += len(piece)
        if self._length > ANSWER_LIMIT:
            raise Interrupted("The answer was cut off here: it had grown past a million characters.")
        self._kept.append(piece)
        return True

    def think(self, thought: str) -> None:
        """Note what the model thinks aloud; it is kept beside the text."""
        if thought and self._thoughts.tell() < REASONING_LIMIT:
            self.thinking_since = self.thinking_since or time.monotonic()
            self._thoughts.write(thought)

    @property
    def reasoning(self) -> str:
        """What the model thought aloud so far."""
        return self._thoughts.getvalue()

    @property
    def text(self) -> str:
        """The whole response; reads to the end."""
        return "".join(self)

    def __str__(self) -> str:
        return self.text

    def close(self) -> None:
        """Cancel the rest; also from another thread, while a read waits."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class AbstractProvider(ABC):
    """A service that answers conversations."""

    url: str = ""
    working: bool = False
    supports_stream: bool = False
    supports_gpt_35_turbo: bool = False
    supports_gpt_4: bool = False

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self | None:
        """Make the provider that the settings (chat/config.py) describe; None where they name none."""
        return cls()

    def models(self) -> list[Model]:
        """The models on offer, the best first; answers at once, from what is known."""
        return []

    def refresh(self) -> None:
        """Find out anew what can be known, and wait for it."""
        self.models()

    def problem(self) -> str | None:
        """A sentence that says why it can't be used now and what to do; None where nothing is known to be wrong."""
        return None

    @abstractmethod
    def create_completion(self, model: str, messages: Messages, stream: bool, **kwargs: Any) -> CreateResult:
        """Ask the model to go on with the conversation.

        Arguments are checked here: ValueError for a model that isn't supported. What goes wrong later is raised as
        a ProviderError while the result is read.
        """
