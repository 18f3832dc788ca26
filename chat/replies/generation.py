"""A generation: asks the provider in the background and hands what it says to the writer.

It knows no browser: whoever watches may come and go.
"""

from __future__ import annotations

import logging
import time

from sqlalchemy import Row

from chat.conversations import Ancestry
from chat.providers.answer import RETRACTED, CreateResult
from chat.providers.base import AbstractProvider, Messages
from chat.providers.errors import ContextTooLong, ProviderError, Unavailable
from chat.providers.finish_reasons import LENGTH, finish_of
from chat.replies.context_window import alternating, cost, fit, going_on, read
from chat.replies.endings import ending_of
from chat.replies.log import Ending
from chat.replies.running import Running
from chat.replies.stopwatch import Timing
from chat.replies.writer import Writer
from chat.server.logs import report
from chat.storage.database import DatabaseAway

BROKEN = "Something broke in Rivulet itself while the answer was written. Its log says what; try again."
UNKNOWN = "The provider of this model is not set up here any more. Try again with another model."

AGAIN = 0.2
"""How soon what the model is to read is read again where the database is away, in seconds."""

logger = logging.getLogger(__name__)


class Generation:
    """The making of one reply, from the question to the provider to the end of the text.

    Where some of the reply is stored already, the provider is asked to go on from there.
    """

    def __init__(self, writer: Writer, running: Running, provider: AbstractProvider | None, reply: Row):
        self.writer = writer
        self.metrics = writer.metrics
        self.running = running
        self.provider = provider
        self.reply = reply
        self.said = list(running.stored)
        self.earlier = len(self.said)
        self.result: CreateResult | None = None
        self.timing = Timing(reply if self.said else None)
        self.facts: dict[str, str | int | None] = {}

    def run(self) -> None:
        """Write the reply, and end it whatever happens."""
        with self.metrics.running.during():
            try:
                state = self._answer()
            except ProviderError as error:
                state = self._failed(str(error), type(error).__name__)
            except Exception as error:
                report(logger, f"the generation of reply {self.running.id}", error)
                state = self._failed(BROKEN, "Broken")
        self.writer.put(self.running, self._ending(state))

    def fail(self, sentence: str) -> None:
        """End the reply before it began."""
        self.writer.put(self.running, self._ending(self._failed(sentence, "NoThread")))

    def _answer(self) -> str:
        if self.provider is None:
            raise Unavailable(UNKNOWN)
        messages = self._fitted(self.provider.window(self.reply.model))
        try:
            result = self._asked(self.provider, messages)
        except ContextTooLong as error:
            result = self._asked(self.provider, self._narrowed(self.provider, messages, error))
        return self._state(result)

    def _fitted(self, window: int | None) -> Messages:
        rest = going_on(self.text, window)
        messages, self.facts["left_out"] = self._recalled(window, rest)
        return messages

    def _recalled(self, window: int | None, rest: Messages) -> tuple[Messages, int]:
        """Read what fits the window beside the rest; gives it with the rest, and how many messages were left out."""
        while True:
            above = Ancestry(self.writer.database, self.reply.parent_id)
            try:
                messages, left_out = fit(read(above, window) + rest, window, last=1 + len(rest))
                return messages, left_out + above.unread()
            except DatabaseAway:
                if self.running.stopped:
                    raise
            time.sleep(AGAIN)

    def _narrowed(self, provider: AbstractProvider, sent: Messages, error: ContextTooLong) -> Messages:
        """Fit the messages to what a refusal told, or to half of what was sent; where nothing goes, raise it again."""
        size, left_out = sum(map(cost, sent)), self.facts["left_out"]
        window = min(error.window or size // 2, size)
        messages = self._fitted(window)
        if self.facts["left_out"] == left_out or self.running.stopped:
            raise error
        if error.window:
            provider.learn_window(self.reply.model, window)
        return messages

    def _asked(self, provider: AbstractProvider, messages: Messages) -> CreateResult:
        told, stream = alternating(messages), provider.supports_stream
        self.result = provider.create_completion(self.reply.model, told, stream=stream)
        with self.result as result:
            self.running.attach(result)
            result.gather(self.writer.gathering)
            self._read(result)
        return result

    def _read(self, result: CreateResult) -> None:
        for piece in result:
            if piece is RETRACTED:
                del self.said[self.earlier :]
                self.timing.retract(result)
            if text := cleaned(piece):
                if self.timing.note_word():
                    self.metrics.first_piece.observe(self.timing.waited)
                self.said.append(text)
                self.writer.put(self.running, text)
            if self.running.stopped:
                break

    def _state(self, result: CreateResult) -> str:
        finish = finish_of(result, bool(self.text.strip()))
        self.facts["finish_reason"] = "length" if finish is LENGTH else cleaned(result.finish_reason or "") or None
        if self.running.stopped:
            return "stopped"
        if not self.text.strip():
            return self._failed(finish.without_text, "Empty")
        if finish.broke_off:
            return self._failed(finish.after_text, "Interrupted")
        self.facts["error"] = finish.after_text or None
        return "complete"

    def _failed(self, sentence: str, kind: str) -> str:
        if self.running.stopped:
            return "stopped"
        self.metrics.provider_errors.add(self.reply.provider, kind)
        self.facts["error"] = cleaned(sentence)
        return "interrupted" if self.text.strip() else "failed"

    def _ending(self, state: str) -> Ending:
        self.facts |= self.timing.facts(self.result)
        if self.result and self.result.reasoning:
            self.facts["reasoning"] = cleaned(self.result.reasoning)
        return ending_of(self.running.id, state, self.text, self.facts)

    @property
    def text(self) -> str:
        """What was said so far."""
        return "".join(self.said)


def kinds_of_errors() -> list[str]:
    """Name all ways in which an answer may end with an error."""
    of_providers = [error.__name__ for error in ProviderError.__subclasses__()]
    return ["ProviderError", *of_providers, "Empty", "Broken", "NoThread"]


def cleaned(piece: str) -> str:
    """Drop what no database takes: NUL; and replace lone surrogates."""
    try:
        piece.encode()
    except UnicodeEncodeError:
        piece = piece.encode("utf-8", "replace").decode()
    return piece.replace("\0", "")
