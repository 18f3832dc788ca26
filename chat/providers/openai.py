"""Servers of the OpenAI protocol: OpenAI itself, Ollama, llama.cpp, vLLM, OpenRouter, and many more.

POST /chat/completions answers with server-sent events (see completion.py), GET /models lists what there is. Servers
differ in their lists: each names the window in a field of its own, and some list what can't chat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from chat.providers.base import AbstractProvider, CreateResult, Messages, Model, ModelNotFound, Timeouts
from chat.providers.catalogue import Catalogue, rows_of
from chat.providers.completion import Completion
from chat.providers.http import Exchange, timeouts_of
from chat.providers.reports import json_of
from chat.providers.results import fetched

FIRST_LIST_PATIENCE = 1.5
"""How long the first asking for models may wait for their list, in seconds."""

LIST_TIMEOUTS = Timeouts(connect=5, first=10, gap=5, whole=15)
LIST_LIMIT = 8 * 1024 * 1024

WINDOWS = ("context_length", "max_model_len", "context_window", "max_context_length", "n_ctx", "n_ctx_train")
"""Where servers say how many tokens a model reads: OpenRouter, vLLM, Groq, LM Studio, llama.cpp (in `meta`)."""

NO_CHAT = (
    "embed",
    "whisper",
    "tts",
    "transcribe",
    "dall-e",
    "gpt-image",
    "chatgpt-image",
    "sora",
    "moderation",
    "rerank",
    "realtime",
    "babbage",
    "davinci",
    "3.5-turbo-instruct",
)
"""Parts of the names of models that are listed but don't chat."""


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
    ):
        self.url = (url or type(self).url).rstrip("/")
        self.model = model or ""
        self._key = api_key or ""
        self._timeouts = timeouts or Timeouts()
        self._catalogue = Catalogue(self._listed)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self | None:
        """Make the provider of OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL; None without a key and a url."""
        key, url = settings["OPENAI_API_KEY"], settings["OPENAI_BASE_URL"]
        if not key and not url:
            return None
        return cls(url, key, timeouts_of(settings), settings["OPENAI_MODEL"])

    def models(self) -> list[Model]:
        """The models that chat: the one that is set first, then by name. Asks in the background (see Catalogue)."""
        listed = [model for model in self._catalogue.models(FIRST_LIST_PATIENCE) if chats(model.id)]
        return self._ordered(listed)

    def refresh(self) -> None:
        """Ask the server for its models, and wait for the answer."""
        self._catalogue.refresh()

    def problem(self) -> str | None:
        """Say why the list of models can't be had; None where it can, or was not asked for."""
        return self._catalogue.problem

    def create_completion(self, model: str, messages: Messages, stream: bool, **kwargs: Any) -> CreateResult:
        """Ask the model to go on with the conversation.

        `system_message` comes before the messages; `temperature`, `max_tokens` and all others go up as they are; None
        counts as not given. An empty model means the one that is set, else the first listed. Raises ValueError
        (ModelNotFound) for a model that the server doesn't list, where the list is known.
        """
        chosen = self._chosen(model)
        options = {name: value for name, value in kwargs.items() if value is not None}
        system = options.pop("system_message", None)
        before = [{"role": "system", "content": system}] if system else []
        body = {"model": chosen, "messages": [*before, *messages], "stream": stream, **options}
        if stream:
            body.setdefault("stream_options", {"include_usage": True})
        return Completion(chosen, self._exchange("/chat/completions", self._timeouts), body)

    def _chosen(self, model: str) -> str:
        listed = self._catalogue.listed
        if chosen := model or self.model or next((first.id for first in self._ordered(listed) if chats(first.id)), ""):
            if listed and chosen != self.model and not {chosen, f"{chosen}:latest"} & {known.id for known in listed}:
                raise ModelNotFound(f"Model is not supported: {chosen}. Choose another one.")
            return chosen
        raise ModelNotFound("No model is chosen. Choose one, or set OPENAI_MODEL.")

    def _ordered(self, listed: list[Model]) -> list[Model]:
        first = [model for model in listed if model.id == self.model]
        if self.model and not first:
            first = [Model(self.model, self.model)]
        return first + sorted((model for model in listed if model.id != self.model), key=by_name)

    def _listed(self) -> list[Model]:
        exchange = self._exchange("/models", LIST_TIMEOUTS, pauses=())
        answer = json_of(fetched(exchange, LIST_LIMIT))
        rows = answer.get("data") if isinstance(answer, dict) else answer
        if not isinstance(rows, list):
            raise exchange.broken("sent no list of models")
        return [model_of(row) for row in rows_of(rows)]

    def _exchange(self, path: str, timeouts: Timeouts, **options: Any) -> Exchange:
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        return Exchange(self.url + path, headers=headers, timeouts=timeouts, key=self._key, **options)


def model_of(row: Mapping[str, Any]) -> Model:
    """Read a row of the list."""
    return Model(row["id"], row["name"], window_of(row))


def window_of(row: Mapping[str, Any]) -> int | None:
    """Find how many tokens a model reads; None where the server doesn't say."""
    meta = row.get("meta")
    fields = {**meta, **row} if isinstance(meta, dict) else row
    sizes = (fields.get(name) for name in WINDOWS)
    return next((size for size in sizes if type(size) is int and size > 0), None)


def chats(name: str) -> bool:
    """Tell whether a listed model can chat, going by its name."""
    return not any(part in name.lower() for part in NO_CHAT)


def by_name(model: Model) -> tuple[str, str]:
    """Sort models by name, upper and lower case alike."""
    return model.name.lower(), model.id
