"""Script a provider: it says what a test wants, when the test lets it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chat.providers.answer import CreateResult
from chat.providers.base import AbstractProvider, Messages, Model

PATIENCE = 20.0
"""How many seconds the provider waits for a test before it gives up."""


class Gate:
    """A place in a script where the provider waits until the test opens it; `reached` says that it has arrived."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def open(self) -> None:
        self.opened.set()

    def wait_until_reached(self) -> None:
        """Wait until the provider is at this gate."""
        assert self.reached.wait(PATIENCE), "the provider never came to this gate"


class Thought(str):
    """A model's reasoning before its answer."""


Step = str | Exception | Gate


@dataclass
class Call:
    """One call of the provider."""

    model: str
    messages: Messages
    options: dict[str, Any]


class Saying(CreateResult):
    """A response that follows a script."""

    def __init__(self, model: str, script: tuple[Step, ...], finish_reason: str | None):
        super().__init__(model)
        self.script = script
        self.outcome = finish_reason
        self.cancelled = threading.Event()

    def pieces(self) -> Iterator[str]:
        """Play the script; a closed response stops at its next step."""
        for step in self.script:
            if isinstance(step, Gate):
                self._stand_at(step)
            elif isinstance(step, Exception):
                raise step
            elif isinstance(step, Thought):
                self.think(step)
            else:
                yield step
            if self.cancelled.is_set():
                return
        self.finish_reason = self.outcome
        self.usage = {"prompt_tokens": 7, "completion_tokens": 11}

    def _stand_at(self, gate: Gate) -> None:
        gate.reached.set()
        while not self.cancelled.is_set() and not gate.opened.wait(0.005):
            pass

    def close(self) -> None:
        """Note that the caller no longer wants the rest."""
        self.cancelled.set()
        super().close()


class Scripted(AbstractProvider):
    """Answers each call with the next script, and records the calls."""

    url = "http://scripted.test"
    working = True
    supports_stream = True

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.sayings: list[Saying] = []
        self._scripts: list[tuple[tuple[Step, ...], str | None]] = []

    def will_say(self, *script: Step, finish_reason: str | None = "stop") -> None:
        """Add a script: pieces of text, thoughts, exceptions to raise, gates to wait at."""
        self._scripts.append((script, finish_reason))

    def models(self) -> list[Model]:
        return [Model("small", "Small", 1000), Model("large", "Large")]

    def create_completion(self, model: str, messages: Messages, stream: bool, **kwargs: Any) -> CreateResult:
        """Answer with the next script; without one, answer with a sentence that says so."""
        self.calls.append(Call(model, messages, kwargs))
        script, finish_reason = self._scripts.pop(0) if self._scripts else (("Nothing was scripted.",), "stop")
        self.sayings.append(Saying(model, script, finish_reason))
        return self.sayings[-1]
