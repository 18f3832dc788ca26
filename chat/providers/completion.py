"""What a server of the OpenAI protocol answers: chunks of JSON in server-sent events, or one JSON object.

Seen in the wild, and read here: chunks without choices, a chunk with usage alone, role-only, empty and null deltas,
content as a list of parts, reasoning beside the content, comments, no [DONE], errors in mid-stream, and a plain JSON
completion although a stream was asked for.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from chat.providers.base import ProviderError, Refused
from chat.providers.failures import failure, json_of, quote, words_in
from chat.providers.harmless import harmless
from chat.providers.http import Exchange, encoded
from chat.providers.results import ExchangeResult, in_one_piece
from chat.providers.sse import Event, TooLong, events

LONGEST_REASON = 64
WHOLE_LIMIT = 8 * 1024 * 1024
LAST_WORDS = 5.0
"""How long to wait for usage and [DONE] after the answer is finished, in seconds."""

HALVES = re.compile("[\ud800-\udfff]")


class Completion(ExchangeResult):
    """An answer of the OpenAI protocol."""

    def __init__(self, model: str, exchange: Exchange, body: dict[str, Any]):
        super().__init__(model, exchange)
        self._body = body
        self._done = False
        self._half = ""
        exchange.body = encoded(body)

    def pieces(self) -> Iterator[str]:
        """Yield the text as it comes, or whole where no stream was asked for."""
        return self._asked() if self._body["stream"] else in_one_piece(self._asked())

    def _asked(self) -> Iterator[str]:
        try:
            yield from self._said()
        except Refused:
            if not self._without_usage():
                raise
            yield from self._said()

    def _without_usage(self) -> bool:
        """Leave out the wish for usage, where that is what an older server doesn't understand."""
        if "stream_options" not in self._body or "stream_options" not in self.exchange.heard:
            return False
        del self._body["stream_options"]
        self.exchange.body = encoded(self._body)
        return True

    def _said(self) -> Iterator[str]:
        try:
            for chunk in self._chunks():
                if text := self._text_of(chunk):
                    self.exchange.spoken = True
                    yield text
        except ProviderError:
            if not self.finish_reason:
                raise
        except TooLong:
            raise self.exchange.broken("sent a line that is too long") from None
        if not (self._done or self.finish_reason or self._closed):
            raise self.exchange.broken("ended before the answer was finished")
        if self._half:
            yield "\ufffd"

    def _chunks(self) -> Iterator[dict[str, Any]]:
        """Yield the JSON objects of the answer; a body that begins like one is one, whatever its type says."""
        with closing(iter(self.exchange)) as reads:
            start = beginning(reads)
            body = itertools.chain([start], reads)
            if start.lstrip().startswith(b"{"):
                yield self._object(self._gathered(body))
                self._done = True
            else:
                yield from self._events(body)

    def _events(self, body: Iterator[bytes]) -> Iterator[dict[str, Any]]:
        for event in events(body):
            if event.data.strip() == "[DONE]":
                self._done = True
                return
            yield self._object(event.data, event)

    def _gathered(self, reads: Iterator[bytes]) -> bytes:
        body = bytearray()
        for read in reads:
            body += read
            if len(body) > WHOLE_LIMIT:
                raise TooLong
        return bytes(body)

    def _object(self, data: bytes | str, event: Event | None = None) -> dict[str, Any]:
        """Read one JSON object. Raises the error it may hold."""
        found = json_of(data)
        if not isinstance(found, dict) and not (event and event.name == "error"):
            raise self.exchange.broken("sent something that is no answer")
        if not isinstance(found, dict) or found.get("error") or (event and event.name == "error"):
            raise self._reported(found)
        return found

    def _reported(self, found: Any) -> ProviderError:
        words = words_in(found)
        error = found.get("error") if isinstance(found, dict) else None
        code = error.get("code") if isinstance(error, dict) else None
        status = code if type(code) is int and 400 <= code < 600 else 500
        if self.exchange.spoken:
            return self.exchange.broken(f"reported an error{quote(words, self.exchange.key)}")
        return failure(status, words, self.exchange.host, self.exchange.key).error

    def _text_of(self, chunk: dict[str, Any]) -> str:
        """Take what a chunk says beside its text, and return the text."""
        self._note_usage(chunk.get("usage"))
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict) or choice.get("index") not in (None, 0):
            return ""
        said = choice.get("delta") or choice.get("message")
        text = self._spoken(said) if isinstance(said, dict) else ""
        self._note_finish(choice.get("finish_reason"))
        return text

    def _note_usage(self, usage: Any) -> None:
        if isinstance(usage, dict):
            counts = {name: usage.get(name) for name in ("prompt_tokens", "completion_tokens")}
            self.usage = {name: count for name, count in counts.items() if type(count) is int} or self.usage

    def _note_finish(self, reason: Any) -> None:
        if isinstance(reason, str) and reason:
            self.finish_reason = harmless(reason, self.exchange.key, LONGEST_REASON)
            self.exchange.wire.gap = LAST_WORDS

    def _spoken(self, said: dict[str, Any]) -> str:
        if thought := plain(said.get("reasoning_content")) or plain(said.get("reasoning")):
            self.think(mended(thought))
        text = self._half + plain(said.get("content"))
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        return mended(text.removesuffix(self._half))


def beginning(reads: Iterator[bytes]) -> bytes:
    """Read until there is more than blank space, and leave that out."""
    return next(filter(bytes.strip, reads), b"")


def plain(content: Any) -> str:
    """Read content: text, or a list of parts, of which the text counts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def mended(text: str) -> str:
    """Join the halves of surrogate pairs; one without the other becomes U+FFFD."""
    if not HALVES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
