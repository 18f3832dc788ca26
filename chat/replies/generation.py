"""A generation: asks the provider for a reply in the background and gives its words to the writer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from chat.conversations import Ancestry, Reply, read_message
from chat.providers.answer import RETRACTED, CreateResult
from chat.providers.base import AbstractProvider, Messages
from chat.providers.errors import ContextTooLong, ProviderError, Unavailable
from chat.providers.finish_reasons import LENGTH, finish_of
from chat.providers.thoughts import GAP
from chat.replies.context_window import alternate_roles, continuation_messages, cost, fit
from chat.replies.live import OwnedReply
from chat.replies.log import Thought, clean, render_ending
from chat.replies.outcome import BROKEN, STOPPED, UNKNOWN, Outcome, fail, finish
from chat.replies.stopwatch import Stopwatch
from chat.replies.writer import Writer
from chat.server.logs import report
from chat.storage.database import DatabaseAway

AGAIN = 0.2
"""How soon to read again while the database is away, in seconds."""

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Generation:
    """Asks a provider for one reply, or for the rest of one that is partly stored."""

    def __init__(self, writer: Writer, reply: OwnedReply, providers: Mapping[str, AbstractProvider]):
        self.writer = writer
        self.metrics = writer.metrics
        self.reply = reply
        self.providers = providers
        self.message: Reply | None = None
        self.said = list(reply.stored)
        self.thoughts = list(reply.thoughts)
        self.earlier, self.earlier_thoughts = len(self.said), len(self.thoughts)
        self.result: CreateResult | None = None
        self.stopwatch = Stopwatch()
        self.facts: dict[str, str | int | None] = {}

    def run(self) -> None:
        """Ask for the reply, and end it whatever happens."""
        with self.metrics.running.during():
            try:
                outcome = self._answer()
            except ProviderError as error:
                outcome = fail(str(error), type(error).__name__, self.text)
            except Exception as error:
                report(logger, f"the generation of reply {self.reply.id}", error)
                outcome = fail(BROKEN, "Broken", self.text)
        self._end(outcome)

    def fail(self, sentence: str) -> None:
        """End the reply without asking a provider."""
        with suppress(Exception):  # only the error count needs the provider
            self._read_message()
        self._end(fail(sentence, "NoThread", self.text))

    def _answer(self) -> Outcome:
        message = self._patiently(self._read_message)
        if message is None:  # a user deleted it
            return STOPPED
        provider = self.providers.get(message.provider)
        if provider is None:
            raise Unavailable(UNKNOWN)
        messages = self._patiently(lambda: self._read_context(message, provider.window(message.model)))
        try:
            result = self._ask(provider, message.model, messages)
        except ContextTooLong as error:
            messages = self._shrink_context(provider, message, messages, error)
            result = self._ask(provider, message.model, messages)
        found = finish_of(result, bool(self.text.strip()))
        self.facts["finish_reason"] = "length" if found is LENGTH else clean(result.finish_reason or "") or None
        return finish(found, self.text)

    def _read_message(self) -> Reply | None:
        found = read_message(self.writer.database, self.reply.id)
        if isinstance(found, Reply):
            self.message = found
        if self.said:
            self.stopwatch.add_to(self.message)
        return self.message

    def _patiently(self, read: Callable[[], T]) -> T:
        """Repeat a read until the database is back, or the reply is stopped."""
        while True:
            try:
                return read()
            except DatabaseAway:
                if self.reply.stopped:
                    raise
            time.sleep(AGAIN)

    def _read_context(self, message: Reply, window: int | None) -> Messages:
        """Read the part of the conversation that fits the window, and note how many messages it leaves out."""
        above = Ancestry(self.writer.database, message.parent_id)
        messages, left_out = fit(above, continuation_messages(self.text, window), window)
        self.facts["left_out"] = left_out + above.unread()
        return messages

    def _shrink_context(
        self, provider: AbstractProvider, message: Reply, sent: Messages, error: ContextTooLong
    ) -> Messages:
        """Fit the messages to the window that a refusal names, or to half their size; if none goes, raise it again."""
        size, left_out = sum(map(cost, sent)), self.facts["left_out"]
        window = min(error.window or size // 2, size)
        messages = self._patiently(lambda: self._read_context(message, window))
        if self.facts["left_out"] == left_out or self.reply.stopped:
            raise error
        if error.window:
            provider.learn_window(message.model, window)
        return messages

    def _ask(self, provider: AbstractProvider, model: str, messages: Messages) -> CreateResult:
        self.result = provider.create_completion(model, alternate_roles(messages), stream=provider.supports_stream)
        with self.result as result:
            self.reply.attach(result)
            result.gather(self.writer.batch_delay)
            result.listen(self._think)
            for piece in result:
                if piece is RETRACTED:
                    del self.said[self.earlier :]
                    self.stopwatch.retract(result)
                if text := clean(piece):
                    if (waited := self.stopwatch.note_word()) is not None:
                        self.metrics.first_piece.observe(waited)
                    self.said.append(text)
                    self.writer.put(self.reply, text)
                if self.reply.stopped:
                    break
        return result

    def _think(self, thought: str) -> None:
        """Store reasoning; what a worker that died left of it comes first, and stays apart."""
        if words := clean(thought):
            follows = self.thoughts and len(self.thoughts) == self.earlier_thoughts
            self.thoughts.append(GAP + words if follows else words)
            self.writer.put(self.reply, Thought(self.thoughts[-1]))

    def _end(self, outcome: Outcome) -> None:
        outcome = STOPPED if self.reply.stopped else outcome
        if outcome.kind:
            self.metrics.provider_errors.add(self.message.provider if self.message else "", outcome.kind)
        if self.message:
            self.facts |= self.stopwatch.facts(self.result)
        if self.earlier_thoughts:
            self.facts["reasoning_ms"] = None  # how long they took died with their worker
        self.facts["reasoning"] = "".join(self.thoughts)
        self.facts["error"] = outcome.error and clean(outcome.error)
        self.writer.put(self.reply, render_ending(self.reply.id, outcome.state, self.text, self.facts))

    @property
    def text(self) -> str:
        return "".join(self.said)


def error_kinds() -> list[str]:
    """List all kinds of errors that can end an answer."""
    of_providers = [error.__name__ for error in ProviderError.__subclasses__()]
    return ["ProviderError", *of_providers, "Empty", "Broken", "NoThread"]
