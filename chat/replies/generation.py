"""A generation: asks the provider in the background and hands what it says to the writer.

It knows no browser: readers come and go.
"""

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
from chat.replies.context_window import alternate_roles, continuation_messages, cost, fit, read_messages
from chat.replies.live import OwnedReply
from chat.replies.log import clean, render_ending
from chat.replies.outcome import BROKEN, STOPPED, UNKNOWN, Outcome, fail, finish
from chat.replies.stopwatch import Stopwatch
from chat.replies.writer import Writer
from chat.server.logs import report
from chat.storage.database import DatabaseAway

AGAIN = 0.2
"""How long it waits before it reads again while the database is away, in seconds."""

logger = logging.getLogger(__name__)


T = TypeVar("T")


class Generation:
    """The making of one reply, from the question to the provider to the end of the text.

    Where some of the reply is stored already, the provider is asked to go on from there.
    """

    def __init__(self, writer: Writer, reply: OwnedReply, providers: Mapping[str, AbstractProvider]):
        self.writer = writer
        self.metrics = writer.metrics
        self.reply = reply
        self.providers = providers
        self.message: Reply | None = None
        self.said = list(reply.stored)
        self.earlier = len(self.said)
        self.result: CreateResult | None = None
        self.stopwatch = Stopwatch()
        self.facts: dict[str, str | int | None] = {}

    def run(self) -> None:
        """Write the reply, and end it whatever happens."""
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
        with suppress(Exception):  # only the count of errors needs to know the provider
            self._read_message()
        self._end(fail(sentence, "NoThread", self.text))

    def _answer(self) -> Outcome:
        message = self._patiently(self._read_message)
        if message is None:  # deleted since
            return STOPPED
        provider = self.providers.get(message.provider)
        if provider is None:
            raise Unavailable(UNKNOWN)
        messages = self._fit_context(message, provider.window(message.model))
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

    def _fit_context(self, message: Reply, window: int | None) -> Messages:
        rest = continuation_messages(self.text, window)
        messages, self.facts["left_out"] = self._patiently(lambda: self._read_context(message.parent_id, window, rest))
        return messages

    def _read_context(self, newest: int | None, window: int | None, rest: Messages) -> tuple[Messages, int]:
        """Read what fits the window beside the rest; gives it with the rest, and how many messages were left out."""
        above = Ancestry(self.writer.database, newest)
        messages, left_out = fit(read_messages(above, window) + rest, window, last=1 + len(rest))
        return messages, left_out + above.unread()

    def _shrink_context(
        self, provider: AbstractProvider, message: Reply, sent: Messages, error: ContextTooLong
    ) -> Messages:
        """Fit the messages to what a refusal told, or to half of what was sent; where nothing goes, raise it again."""
        size, left_out = sum(map(cost, sent)), self.facts["left_out"]
        window = min(error.window or size // 2, size)
        messages = self._fit_context(message, window)
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
            self._consume(result)
        return result

    def _consume(self, result: CreateResult) -> None:
        for piece in result:
            if piece is RETRACTED:
                del self.said[self.earlier :]
                self.stopwatch.retract(result)
            if text := clean(piece):
                if self.stopwatch.note_word():
                    self.metrics.first_piece.observe(self.stopwatch.wait_time)
                self.said.append(text)
                self.writer.put(self.reply, text)
            if self.reply.stopped:
                break

    def _end(self, outcome: Outcome) -> None:
        outcome = STOPPED if self.reply.stopped else outcome
        if outcome.kind:
            self.metrics.provider_errors.add(self.message.provider if self.message else "", outcome.kind)
        if self.message:
            self.facts |= self.stopwatch.facts(self.result)
        if self.result and self.result.reasoning:
            self.facts["reasoning"] = clean(self.result.reasoning)
        self.facts["error"] = outcome.error and clean(outcome.error)
        self.writer.put(self.reply, render_ending(self.reply.id, outcome.state, self.text, self.facts))

    @property
    def text(self) -> str:
        """What was said so far."""
        return "".join(self.said)


def error_kinds() -> list[str]:
    """Name all ways in which an answer may end with an error."""
    of_providers = [error.__name__ for error in ProviderError.__subclasses__()]
    return ["ProviderError", *of_providers, "Empty", "Broken", "NoThread"]
