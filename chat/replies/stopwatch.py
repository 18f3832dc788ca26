"""A stopwatch for a reply: the time to its first word, its duration, its tokens and how long the model thought."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from chat.conversations import Reply
from chat.providers.answer import CreateResult

USAGE = ("prompt_tokens", "completion_tokens")


class Stopwatch:
    """Times one request to a provider, and adds the figures of earlier requests for the same reply.

    It leaves out a figure that isn't known for the whole reply: if a worker died, the beginning is lost.
    """

    def __init__(self) -> None:
        self._earlier: Mapping[str, Any] = {}
        self._began = time.monotonic()
        self._spoke: float | None = None
        self._retracted = False

    def add_to(self, earlier: Reply | None) -> None:
        """Add the figures of earlier requests."""
        self._earlier = vars(earlier) if earlier else {}

    def note_word(self) -> float | None:
        """Note a word; return how many seconds the first one took, and None for others."""
        if self._spoke is not None:
            return None
        self._spoke = time.monotonic()
        return None if self._retracted else self._spoke - self._began

    def retract(self, result: CreateResult) -> None:
        """Count all words so far as thoughts."""
        result.thinking_since, self._spoke, self._retracted = self._spoke, None, True

    def facts(self, result: CreateResult | None) -> dict[str, int | None]:
        """Return the figures at the end, in milliseconds and tokens."""
        usage = (result.usage if result else None) or {}
        facts = {name: self._whole(name, usage.get(name)) for name in USAGE}
        facts["duration_ms"] = self._whole("duration_ms", milliseconds(self._began, time.monotonic()))
        if not self._earlier and self._spoke:
            facts["first_word_ms"] = milliseconds(self._began, self._spoke)
        if result and result.thinking_since:
            thought = milliseconds(result.thinking_since, self._spoke or time.monotonic())
            facts["reasoning_ms"] = thought + (self._earlier.get("reasoning_ms") or 0)
        return facts

    def _whole(self, name: str, count: int | None) -> int | None:
        earlier = self._earlier.get(name) if self._earlier else 0
        return None if count is None or earlier is None else count + earlier


def milliseconds(start: float, end: float) -> int:
    return max(0, round((end - start) * 1000))
