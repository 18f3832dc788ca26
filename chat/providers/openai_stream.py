"""Answers of the OpenAI protocol: chunks of JSON in server-sent events, or one JSON object.

Handles what real servers send: chunks without choices, a chunk with only usage, role-only, empty and null deltas, all
fields that deltas.py sorts, comments, a missing [DONE], a finish reason on every chunk, errors in any line
(error_reports.py), and plain JSON or JSON lines instead of a stream. tests/providers/quirks/ has each of them.
"""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator
from contextlib import closing
from math import inf
from typing import Any

from chat.providers.deltas import CALL, REFUSAL, TEXT, THOUGHT, UNKNOWN, first_choice, sort_delta
from chat.providers.errors import ProviderError, Refused
from chat.providers.finish_reasons import look_up
from chat.providers.http.client import StreamingRequest, encode_json
from chat.providers.http.error_reports import Report, is_sentence, parse_json, report_in
from chat.providers.http.failures import failure, quote
from chat.providers.http.limits import TooLong, read_up_to
from chat.providers.http.redaction import hide_host, redact
from chat.providers.http.result import BODY_LIMIT, HTTPResult, in_one_piece
from chat.providers.http.sse import BARE, Event, events
from chat.providers.http.web_pages import PAGES, is_page
from chat.providers.surrogates import Halves, mend

LONGEST_REASON = 64
LAST_WORDS = 20.0
"""How many seconds to wait for usage and [DONE] after the finish reason."""


class OpenAIStream(HTTPResult):
    """An answer of the OpenAI protocol."""

    def __init__(self, model: str, request: StreamingRequest, body: dict[str, Any]):
        super().__init__(model, request)
        self._body = body
        self._done = self._early = False
        self._in_deltas = False  # a message in a chunk then repeats the whole answer
        self._halves = Halves()
        request.body = encode_json(body)

    def pieces(self) -> Iterator[str]:
        return self._texts() if self._body["stream"] else in_one_piece(self._texts())

    def _texts(self) -> Iterator[str]:
        try:
            with closing(iter(self.request)) as reads:
                for chunk in self._chunks(reads):
                    if text := self._text_of(chunk):
                        self.request.has_text = True
                        yield text
        except ProviderError as error:
            if isinstance(error, Refused) and self._omit_usage():
                yield from self._texts()
                return
            if not self.finish_reason or look_up(self.finish_reason).broke_off:
                raise
        except TooLong:
            raise self.request.server_error("sent an overlong line") from None
        if not (self._done or self.finish_reason or self._closed):
            raise self.request.server_error("ended the answer early")
        if self._halves.rest:
            yield "\ufffd"

    def _omit_usage(self) -> bool:
        """Drop the request for usage if an older server rejected it."""
        if "stream_options" not in self._body or "stream_options" not in self.request.error_words:
            return False
        del self._body["stream_options"]
        self.request.body = encode_json(self._body)
        return True

    def _chunks(self, reads: Iterator[bytes]) -> Iterator[dict[str, Any]]:
        """Yield the JSON objects of the answer; a body that starts like JSON is JSON, whatever its type says."""
        start = read_beginning(reads)
        if is_page(start):
            raise failure(200, "", self.request.who, page=True).error
        body = itertools.chain([start], reads)
        for event in self._json_events(body) if start[:1] in (b"{", b"[") else events(body):
            if event.data.strip() == "[DONE]":
                self._done = True
                return
            is_comment = event.data.startswith(":")  # gateways wrap OpenRouter's
            if not is_comment and (found := self._object(event)) is not None:
                yield found

    def _json_events(self, reads: Iterator[bytes]) -> Iterator[Event]:
        """Yield each object of a body that is one JSON object, or one object a line."""
        body = b"".join(read_up_to(BODY_LIMIT, reads)).decode("utf-8", "replace")
        lines = [body] if parse_json(body) is not None else body.split("\n")
        yield from map(Event, filter(str.strip, lines))
        self._done = len(lines) == 1

    def _object(self, event: Event) -> dict[str, Any] | None:
        """Parse one JSON object; return None for a bare line that is not JSON. Raises the error that it holds."""
        found = parse_json(event.data)
        if isinstance(found, dict) and found.get("choices") and not found.get("error") and event.name != "error":
            return found
        if report := self._report(event, found):
            raise self._error_of(report)
        if isinstance(found, dict):
            return found
        if event.name != BARE:
            raise self.request.server_error("sent an invalid response")
        return None

    def _report(self, event: Event, found: Any) -> Report | None:
        """Return the error of an event: in its JSON, in an event named `error`, or in a plain sentence."""
        said = found[0] if isinstance(found, list) and found else found
        if report := report_in(said):
            return report
        named = event.name == "error"
        words = found if isinstance(found, str) else "" if found is not None else event.data.strip()
        return report_in({"error": said or words or "error"}) if named or is_sentence(words) else None

    def _error_of(self, report: Report) -> ProviderError:
        words = hide_host(report.words, self.request.host, self.request.who)
        if self.request.has_text:
            return self.request.server_error(f"returned an error{quote(words, self.request.key)}")
        return failure(report.status or 500, words, self.request.who, self.request.key).error

    def _text_of(self, chunk: dict[str, Any]) -> str:
        """Return the text of a chunk, and note its other contents."""
        if usage := chunk.get("usage"):
            self._note_usage(usage)
        if (choice := first_choice(chunk)) is None:
            return ""
        if choice.get("error") and (report := report_in(choice)):
            raise self._error_of(report)
        delta = choice.get("delta")
        said = delta or (not self._in_deltas and choice.get("message")) or {"content": choice.get("text")}
        told = sort_delta(said) if isinstance(said, dict) else {}
        if len(told) > 1 or TEXT not in told:
            self._note_aside(told)
        text = self._halves.join(told.get(TEXT, "") + told.get(REFUSAL, ""))
        self._in_deltas = self._in_deltas or bool(text and delta)
        self._note_finish(choice.get("finish_reason") or choice.get("finishReason"), bool(text))
        return text

    def _note_usage(self, usage: Any) -> None:
        if isinstance(usage, dict):
            counts = {name: usage.get(name) for name in ("prompt_tokens", "completion_tokens")}
            self.usage = {name: count for name, count in counts.items() if type(count) is int} or self.usage

    def _note_finish(self, reason: Any, text: bool) -> None:
        """Note a finish reason; it counts if neither text nor another reason follows."""
        if isinstance(reason, str) and reason:
            self._early = self._early or text or not self.request.has_text
            self.finish_reason = redact(reason, self.request.key, LONGEST_REASON)
        elif text and self.finish_reason:
            self._early, self.finish_reason = True, None
        else:
            return
        connection = self.request.connection
        connection.read_timeout = min(inf if self._early else LAST_WORDS, connection.timeouts.read)

    def _note_aside(self, told: dict[str, str]) -> None:
        if thought := told.get(THOUGHT):
            self.think(mend(thought))
        for kind in (CALL, UNKNOWN):
            if kind in told:
                self.aside[kind] = redact(told[kind], "", LONGEST_REASON)


def read_beginning(reads: Iterator[bytes]) -> bytes:
    """Read until the kind of body is known; drop blanks and a byte order mark."""
    start = b""
    for read in reads:
        start = (start + read).lstrip()
        if start and not any(it.startswith(start.lower()) for it in (codecs.BOM_UTF8, *PAGES)):
            break
    return start.removeprefix(codecs.BOM_UTF8).lstrip()
