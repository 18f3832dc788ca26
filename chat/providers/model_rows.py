"""The rows of model lists: where servers put them, what they hold, and which models can chat."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chat.providers.base import Model
from chat.providers.http.client import StreamingRequest
from chat.providers.http.error_reports import parse_json
from chat.providers.http.result import read_body
from chat.providers.model_list import usable_rows

WINDOWS = ("context_length", "max_model_len", "context_window", "max_context_length", "n_ctx", "n_ctx_train")
"""Fields with the context window in tokens: OpenRouter, vLLM, Groq, LM Studio, llama.cpp (in `meta`)."""

NO_CHAT = re.compile(
    r"(?<![a-z0-9])(embed(ding)?s?|embeddinggemma|minilm|bge|rerank(er|ing)?|whisper|tts|stt|transcri(be|ption)"
    r"|text-to-speech|moderations?|realtime|dall-e|gpt-image|stable-diffusion|imagen|veo|sora|babbage|davinci"
    r"|3\.5-turbo-instruct|gpt-audio|4o(-mini)?-audio|codex|computer-use|deep-research|search-api|(o1|o3|gpt-5(\.\d+)?)-pro"
    r")(?![a-z])",
    re.IGNORECASE,
)
"""Models that can't chat, as whole words of a name. OpenAI's last ones speak only Responses, or want sound."""

PREFERRED = [
    re.compile(rf"(?:.*/)?{family}(?:-latest)?", re.IGNORECASE)
    for family in (
        r"gpt-(\d+(?:\.\d+)?)",
        r"claude-sonnet-(\d+(?:[.-]\d)?)(?:-\d{8})?",
        r"gemini-(\d+(?:\.\d+)?)-(?:pro|flash)",
        r"mistral-large()",
        r"deepseek-chat()",
    )
]
"""Families of models for everyday questions, the first one first; the group is the version."""


def models_in(request: StreamingRequest) -> list[Model]:
    """Fetch a model list. Raises ProviderErrors."""
    if (rows := rows_in(parse_json(read_body(request)))) is None:
        raise request.server_error("didn't send a model list")
    return [Model(row["id"], row["name"], window_of(row)) for row in usable_rows(map(row_of, rows))]


def rows_in(answer: Any) -> list[Any] | None:
    """Return the rows of a list: `data` (OpenAI; null means none) or `models` (Ollama); None without either."""
    if isinstance(answer, dict):
        answer = next((answer[name] or [] for name in ("data", "models") if name in answer), None)
    return answer if isinstance(answer, list) else None


def window_of(row: Mapping[str, Any]) -> int | None:
    """Return a model's context window in tokens; None if the server does not say."""
    meta = row.get("meta")
    fields = {**meta, **row} if isinstance(meta, dict) else row
    sizes = (fields.get(name) for name in WINDOWS)
    return next((size for size in sizes if type(size) is int and size > 0), None)


def chats(name: str) -> bool:
    return not NO_CHAT.search(name)


def preference(name: str) -> tuple[int, list[int]]:
    """Return a sort key: models for everyday questions first, of each family the newest first."""
    for place, family in enumerate(PREFERRED):
        if found := family.fullmatch(name):
            numbers = [int(number) for number in re.findall(r"\d+", found[1])]
            return place, [-number for number in [*numbers, 0, 0][:2]]
    return len(PREFERRED), []


def by_name(model: Model) -> tuple[str, str]:
    return model.name.lower(), model.id


def usual_first(model: Model) -> tuple[object, ...]:
    return preference(model.id), *by_name(model)


def row_of(found: Any) -> dict[str, Any] | None:
    """Return a row as an object: a row can be just an id, or have its id in `model` or `name` (Ollama)."""
    if isinstance(found, str):
        return {"id": found}
    if not isinstance(found, dict) or "id" in found:
        return found if isinstance(found, dict) else None
    return {**found, "id": found.get("model") or found.get("name")}
