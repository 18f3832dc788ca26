"""Aivvm: servers of the chatbot-ui v1 protocol, which answer with plain text.

POST /api/chat takes JSON (`model` {id, name}, `messages`, `key`, `prompt`, `temperature`) and streams raw UTF-8: no
events, no JSON, no end mark but HTTP's own. An error is a 500 with the message in the reason phrase. The server sends
its head with the first text, and stays silent forever if its own provider fails. POST /api/models lists the models.
Sources: mckaywrigley/chatbot-ui before 2.0, and recorded exchanges (tests/providers).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from typing import Any, Self

from chat.config import Settings
from chat.providers.answer import CreateResult
from chat.providers.base import AbstractProvider, Messages, Model, Timeouts
from chat.providers.errors import ModelNotFound
from chat.providers.http.client import StreamingRequest, encode_json
from chat.providers.http.error_reports import parse_json
from chat.providers.http.result import HTTPResult, in_one_piece, read_body
from chat.providers.http.urls import host_of, with_path
from chat.providers.model_list import LIST_TIMEOUTS, ModelList, usable_rows

MODELS = (
    Model("gpt-3.5-turbo", "GPT-3.5", 4_096),
    Model("gpt-3.5-turbo-0613", "GPT-3.5-0613", 4_096),
    Model("gpt-3.5-turbo-16k", "GPT-3.5-16K", 16_385),
    Model("gpt-3.5-turbo-16k-0613", "GPT-3.5-16K-0613", 16_385),
    Model("gpt-4", "GPT-4", 8_192),
    Model("gpt-4-0613", "GPT-4-0613", 8_192),
    Model("gpt-4-32k", "GPT-4-32K", 32_768),
    Model("gpt-4-32k-0613", "GPT-4-32K-0613", 32_768),
)
DEFAULT_MODEL = "gpt-3.5-turbo"
DEFAULT_PROMPT = (
    "You are ChatGPT, a large language model trained by OpenAI. "
    "Follow the user's instructions carefully. Respond using markdown."
)
GONE = "chat.aivvm.com has been offline since 2023. Set AIVVM_URL to another chatbot-ui v1 server."


class Aivvm(AbstractProvider):
    """GPT-3.5 and GPT-4 through a server of the chatbot-ui v1 protocol."""

    url = "https://chat.aivvm.com"
    working = False  # that host has been gone since 2023; another one works
    supports_stream = True
    supports_gpt_35_turbo = True
    supports_gpt_4 = True

    def __init__(
        self, url: str | None = None, api_key: str | None = None, timeouts: Timeouts | None = None, name: str = ""
    ):
        self.url = (url or type(self).url).rstrip("/")
        self.name = name or type(self).name
        self.working = host_of(self.url) != host_of(type(self).url)
        self._key = api_key or ""
        self._timeouts = timeouts or Timeouts()
        self._model_list = ModelList(self._fetch_models)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        if not settings.aivvm_url:
            return None
        return cls(settings.aivvm_url, settings.aivvm_api_key, Timeouts.from_settings(settings))

    def models(self) -> list[Model]:
        """Return the eight models of the protocol, then the others that the server lists."""
        return self._all_models(self._model_list.models() if self.working else self._model_list.current)

    def refresh(self) -> None:
        self._model_list.refresh()

    def problem(self) -> str | None:
        return self._model_list.problem if self.working else GONE

    def create_completion(self, model: str, messages: Messages, stream: bool, **kwargs: Any) -> CreateResult:
        """Start an answer to the conversation.

        `system_message` is the prompt (default: the system messages of the conversation), `temperature` defaults to
        0.7, other options are sent unchanged; None counts as not given. Raises ModelNotFound for an unknown model.
        """
        chosen = self._choose(model)
        body = body_of(chosen, messages, self._key, kwargs)
        url, key = with_path(self.url, "/api/chat"), str(body["key"])
        request = StreamingRequest(url, encode_json(body), self._headers(), self._timeouts, key, who=self.name)
        pieces = decode_text(request)
        return HTTPResult(chosen.id, request, pieces if stream else in_one_piece(pieces))

    def _choose(self, model: str) -> Model:
        for known in self._all_models(self._model_list.current):
            if known.id == (model or DEFAULT_MODEL):
                return known
        raise ModelNotFound(f"Unknown model: {model}. Choose another one.")

    def _all_models(self, listed: list[Model]) -> list[Model]:
        ours = {model.id for model in MODELS}
        return [*MODELS, *(model for model in listed if model.id not in ours)]

    def _fetch_models(self) -> list[Model]:
        url, body = with_path(self.url, "/api/models"), encode_json({"key": self._key})
        request = StreamingRequest(url, body, self._headers(), LIST_TIMEOUTS, self._key, pauses=())
        rows = parse_json(read_body(request))
        if not isinstance(rows, list):
            raise request.server_error("didn't send a model list")
        return [Model(row["id"], row["name"]) for row in usable_rows(rows)]

    def _headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", "Origin": self.url, "Referer": with_path(self.url, "/")}


def body_of(model: Model, messages: Messages, key: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Create the request's body. The server puts its prompt first, so system messages become the prompt."""
    given = {name: value for name, value in options.items() if value is not None}
    system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
    return {
        "model": {"id": model.id, "name": model.name},
        "messages": [message for message in messages if message["role"] != "system"],
        "key": key,
        "prompt": given.pop("system_message", None) or system or DEFAULT_PROMPT,
        "temperature": 0.7,
        **given,
    }


def decode_text(request: StreamingRequest) -> Iterator[str]:
    decoder = Utf8OrEscape()
    for read in request:
        if text := decoder.decode(read):
            request.has_text = True
            yield text
    if rest := decoder.decode(b"", final=True):
        yield rest


class Utf8OrEscape(codecs.BufferedIncrementalDecoder):
    """Decodes UTF-8 as it arrives, and only invalid bytes with unicode-escape.

    A character cut between two reads waits for its rest; one cut by the end becomes U+FFFD. Backslashes stay.
    """

    def _buffer_decode(self, data: Any, errors: str, final: bool) -> tuple[str, int]:
        view, text, start = memoryview(data), "", 0
        while True:
            try:
                piece, used = codecs.utf_8_decode(view[start:], "strict", False)
            except UnicodeDecodeError as wrong:
                good, bad = start + wrong.start, start + wrong.end
                text += str(view[start:good], "utf-8") + str(view[good:bad], "unicode-escape")
                start = bad
                continue
            cut = final and start + used < len(view)
            return text + piece + "\ufffd" * cut, len(view) if final else start + used
