"""What is known of the making of a reply: when its first word came, how long it took, what was thought before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from chat.conversations import Reply
from chat.providers.answer import CreateResult

USAGE = ("prompt_tokens", "completion_tokens")


class Stopwatch:
    """Times one request to a provider, and adds what is known of earlier requests for the same reply.

    What is not known of the whole reply is left out: one whose first worker died has lost its beginning.
    """

    def __init__(self) -> None:
        self._earlier: Mapping[str, Any] = {}
        self._began = time.monotonic()
        self._spoke: float | None = None
        self._retracted = False

    def add_to(self, earlier: Reply | None) -> None:
        """Count on from what is known of earlier askings."""
        self._earlier = vars(earlier) if earlier else {}

    def note_word(self) -> bool:
        """Note that a word came; True for the first one."""
        if self._spoke is not None:
            return False
        self._spoke = time.monotonic()
        return not self._retracted

    def retract(self, result: CreateResult) -> None:
        """Note that all words so far were thoughts."""
        result.thinking_since, self._spoke, self._retracted = self._spoke, None, True

    @property
    def wait_time(self) -> float:
        """How long the first word was waited for, or is, in seconds."""
        return (self._spoke or time.monotonic()) - self._began

    def facts(self, result: CreateResult | None) -> dict[str, int | None]:
        """Tell what is known at the end, in milliseconds and tokens."""
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
    """Tell how long it was between two moments of the monotonic clock."""
    return max(0, round((end - start) * 1000))
