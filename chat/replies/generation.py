"""A generation: asks the provider in the background and hands what it says to the writer.

It knows no browser: whoever watches may come and go.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import Row

from chat import rendering
from chat.providers.base import AbstractProvider, CreateResult, ProviderError
from chat.replies.history import fit, messages_of
from chat.replies.log import Ending
from chat.replies.running import Running
from chat.replies.writer import Writer
from chat.reporting import report

BROKEN = "Something broke in Rivulet itself while the answer was written. Its log says what; try again."
EMPTY = "The model gave an empty answer. Try again, or ask in other words."
CUT_OFF = "The answer stops here because it reached the model's limit of length."

logger = logging.getLogger(__name__)


class Generation:
    """The making of one reply, from the first question to the provider to the end of the text."""

    def __init__(self, writer: Writer, running: Running, provider: AbstractProvider, model: str):
        self.writer = writer
        self.running = running
        self.provider = provider
        self.model = model
        self.said: list[str] = []
        self.facts: dict[str, str | int | None] = {}

    def run(self, path: Sequence[Row]) -> None:
        """Write the reply to a conversation, and end it whatever happens."""
        try:
            state = self._answer(path)
        except ProviderError as error:
            state = self._failed(str(error))
        except Exception as error:
            report(logger, f"the generation of reply {self.running.id}", error)
            state = self._failed(BROKEN)
        self.writer.end(self.running, self._ending(state))

    def fail(self, sentence: str) -> None:
        """End the reply before it began."""
        self.writer.end(self.running, self._ending(self._failed(sentence)))

    def _answer(self, path: Sequence[Row]) -> str:
        messages, self.facts["left_out"] = fit(messages_of(path), self._window())
        with self.provider.create_completion(self.model, messages, stream=self.provider.supports_stream) as result:
            self.running.attach(result)
            self._read(result)
        return self._state(result)

    def _window(self) -> int | None:
        return next((model.window for model in self.provider.models() if model.id == self.model), None)

    def _read(self, result: CreateResult) -> None:
        for piece in result:
            text = cleaned(piece)
            if text:
                self.said.append(text)
                self.writer.put(self.running, text)
            if self.running.stopped:
                break

    def _state(self, result: CreateResult) -> str:
        usage = result.usage or {}
        self.facts |= {name: usage.get(name) for name in ("prompt_tokens", "completion_tokens")}
        self.facts["finish_reason"] = result.finish_reason and cleaned(result.finish_reason)
        if self.running.stopped:
            return "stopped"
        if not self.text.strip():
            return self._failed(EMPTY)
        if result.finish_reason == "length":
            self.facts["error"] = CUT_OFF
        return "complete"

    def _failed(self, sentence: str) -> str:
        if self.running.stopped:
            return "stopped"
        self.facts["error"] = cleaned(sentence)
        return "interrupted" if self.text.strip() else "failed"

    def _ending(self, state: str) -> Ending:
        html = rendering.whole(self.text, f"m{self.running.id}")
        return Ending(state, self.text, html, rendering.VERSION, self.facts)

    @property
    def text(self) -> str:
        """What was said so far."""
        return "".join(self.said)


def cleaned(piece: str) -> str:
    """Drop what no database takes: NUL; and replace lone surrogates."""
    return piece.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
