"""Servers of the OpenAI protocol: OpenAI itself, Ollama, llama.cpp, vLLM, OpenRouter, and many more.

POST /chat/completions answers with server-sent events (openai_stream.py), GET /models lists the models. Servers differ
in their lists: each names the context window in a field of its own, and some list models that can't chat.
"""

from __future__ import annotations

from typing import Any, Self

from chat.config import Settings
from chat.providers.answer import CreateResult
from chat.providers.base import AbstractProvider, Messages, Model, Timeouts
from chat.providers.errors import ModelNotFound, ProviderError, Unavailable
from chat.providers.http.client import StreamingRequest
from chat.providers.http.urls import host_of, with_path, with_version
from chat.providers.model_list import LIST_TIMEOUTS, ModelList
from chat.providers.model_rows import by_name, chats, models_in, usual_first
from chat.providers.openai_stream import OpenAIStream

FIRST_LIST_PATIENCE = 1.5
"""How many seconds the first call waits for the model list."""

NO_LIST = "No model list at this URL. Does it need /v1?"
FOUND = "No model list at this URL. There is one at {better}: use that URL."
NO_MODELS = "No models found at {host}. Load one there, then refresh the models."
ANTHROPIC = "api.anthropic.com", {"anthropic-version": "2023-06-01"}
"""A host whose list of models wants its own headers; its other addresses speak the OpenAI protocol."""

MISSING = {301, 302, 303, 307, 308, 404, 405, 410, 501}
"""The statuses of a server without a model list at this URL."""


class OpenAICompatible(AbstractProvider):
    """A server of the OpenAI protocol; `url` includes its /v1."""

    url = "https://api.openai.com/v1"
    working = True
    supports_stream = True
    supports_gpt_35_turbo = True
    supports_gpt_4 = True

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        timeouts: Timeouts | None = None,
        model: str | None = None,
        name: str = "",
    ):
        self.url = (url or type(self).url).rstrip("/")
        self.name = name or type(self).name
        self.model = model or ""
        self._key = api_key or ""
        self._timeouts = timeouts or Timeouts()
        self._model_list = ModelList(self._fetch_models)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """Create the provider of OPENAI_BASE_URL and OPENAI_API_KEY; return None if neither is set."""
        key, url = settings.openai_api_key, settings.openai_base_url
        if not key and not url:
            return None
        return cls(url, key, Timeouts.from_settings(settings), settings.openai_model, "" if url else "OpenAI")

    def models(self) -> list[Model]:
        """Return the models that can chat: the configured one first, then by name."""
        return self._sort([model for model in self._model_list.models(FIRST_LIST_PATIENCE) if chats(model.id)])

    def others(self) -> list[Model]:
        return sorted((it for it in self._model_list.current if not chats(it.id) and it.id != self.model), key=by_name)

    def refresh(self) -> None:
        self._model_list.refresh()

    def ask_again(self) -> None:
        """Retry a list that failed: the server can start after us."""
        self._model_list.ask_again(FIRST_LIST_PATIENCE)

    def problem(self) -> str | None:
        if self._model_list.is_empty() and not self.model:
            return NO_MODELS.format(host=StreamingRequest(self.url).host)
        return self._model_list.problem

    def create_completion(self, model: str, messages: Messages, stream: bool, **kwargs: Any) -> CreateResult:
        """Start an answer to the conversation.

        `system_message` goes before the messages, other options are sent unchanged; None counts as not given. An empty
        model means the configured one, or the first listed. Raises ModelNotFound for a model that isn't listed.
        """
        chosen = self._choose(model)
        options = {name: value for name, value in kwargs.items() if value is not None}
        system = options.pop("system_message", None)
        before = [{"role": "system", "content": system}] if system else []
        body = {"model": chosen, "messages": [*before, *messages], "stream": stream, **options}
        if stream:
            body.setdefault("stream_options", {"include_usage": True})
        return OpenAIStream(chosen, self._request("/chat/completions", self._timeouts, who=self.name), body)

    def _choose(self, model: str) -> str:
        listed = self._model_list.current
        if chosen := model or self.model or next((first.id for first in self._sort(listed) if chats(first.id)), ""):
            if listed and chosen != self.model and not {chosen, f"{chosen}:latest"} & {known.id for known in listed}:
                raise ModelNotFound(f"Unknown model: {chosen}. Choose another one.")
            return chosen
        raise ModelNotFound("Choose a model, or set OPENAI_MODEL.")

    def _sort(self, listed: list[Model]) -> list[Model]:
        first = [model for model in listed if model.id == self.model]
        if self.model and not first:
            first = [Model(self.model, self.model)]
        return first + sorted((model for model in listed if model.id != self.model), key=usual_first)

    def _fetch_models(self) -> list[Model]:
        """Fetch the list. Without one, look for it at /v1; a configured model works without a list."""
        self.better = ""
        request = self._list_request("/models")
        try:
            return models_in(request)
        except ProviderError:
            if request.status not in MISSING and not 200 <= request.status < 300:
                raise
            self.better = self._find_versioned_url()
            if self.better:
                raise Unavailable(FOUND.format(better=self.better)) from None
            if request.status in MISSING and self.model:
                return []
            if request.status in MISSING:
                raise Unavailable(NO_LIST) from None
            raise

    def _find_versioned_url(self) -> str:
        """Return the same URL with /v1 if there is a list, or ""."""
        better = with_version(self.url)
        try:
            return better if better and models_in(self._list_request("/v1/models")) else ""
        except ProviderError:
            return ""

    def _list_request(self, path: str) -> StreamingRequest:
        host, version = ANTHROPIC
        if host_of(self.url) != host:
            return self._request(path, LIST_TIMEOUTS, pauses=())
        url = with_path(self.url, f"{path}?limit=1000")
        headers = version | ({"x-api-key": self._key} if self._key else {})
        return StreamingRequest(url, headers=headers, timeouts=LIST_TIMEOUTS, key=self._key, pauses=())

    def _request(self, path: str, timeouts: Timeouts, **options: Any) -> StreamingRequest:
        auth = {"api-key": self._key} if "api-version=" in self.url else {"Authorization": f"Bearer {self._key}"}
        headers = {"Content-Type": "application/json", **(auth if self._key else {})}
        return StreamingRequest(with_path(self.url, path), headers=headers, timeouts=timeouts, key=self._key, **options)
