"""Sorts a delta into text, thought, refusal, tool call and parts that can't be shown.

The only module that knows which fields and parts hold words. A whole message is sorted like a delta.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

TEXT, THOUGHT, REFUSAL, CALL, UNKNOWN = "text", "thought", "refusal", "call", "unknown"

Part = tuple[str, str]
"""A kind and its words; for a tool call or an unknown part, its name."""


def first_choice(chunk: dict[str, Any]) -> dict[str, Any] | None:
    """Return the first choice of a chunk, the only one shown, wherever it stands in the list."""
    choices = chunk.get("choices")
    listed = choices if isinstance(choices, list) else []
    return next((it for it in listed if isinstance(it, dict) and it.get("index") in (None, 0, "0")), None)


def sort_delta(said: dict[str, Any]) -> dict[str, str]:
    """Return the words of a delta by kind. A thought that is sent in two fields counts once."""
    told: dict[str, str] = {}
    for field, value in said.items():
        if type(value) in NUMBERS and field in PLAIN:
            value = str(value)
        if value and field in FIELDS:
            words = {PLAIN[field]: value} if type(value) is str and field in PLAIN else join_parts(FIELDS[field](value))
            told = words | told if field in THOUGHTS else told | words if told else words
    return told


def join_parts(parts: Iterator[Part]) -> dict[str, str]:
    told: dict[str, str] = {}
    for kind, words in parts:
        told[kind] = told.get(kind, "") + words
    return told


def read_content(value: Any, depth: int = 0) -> Iterator[Part]:
    """Yield the parts of content: text, one part, or a list of parts."""
    if isinstance(value, str):
        yield TEXT, value
    elif isinstance(value, list):
        for part in value:
            yield from read_part(part, depth)
    elif isinstance(value, dict) and ("type" in value or depth):
        yield from read_part(value, depth)


def read_part(part: Any, depth: int) -> Iterator[Part]:
    """Yield one part: `type` names its kind, and a field of that name or `text` holds its words."""
    if not isinstance(part, dict) or depth > DEEPEST:
        return
    name = str(part.get("type") or "text")
    kind = KINDS.get(name.removeprefix("reasoning."), UNKNOWN)
    if kind in (CALL, UNKNOWN):
        yield kind, name
    else:
        yield from read_as(kind, next((part[field] for field in (name, *WORDS) if part.get(field)), ""), depth + 1)


def read_as(kind: str, value: Any, depth: int = 0) -> Iterator[Part]:
    """Yield all words of a content as one kind; skip parts without words."""
    for found, words in read_content(value, depth):
        if found not in (CALL, UNKNOWN):
            yield kind, words


def read_audio(value: Any) -> Iterator[Part]:
    """Yield the transcript of audio, if there is one."""
    words = value.get("transcript") if isinstance(value, dict) else None
    yield (TEXT, words) if isinstance(words, str) else (UNKNOWN, "audio")


NUMBERS = (int, float)
"""Workers AI sends a token that looks like a number as a number."""

DEEPEST = 5
"""How deep nested parts are read; no server nests deeper."""

THOUGHTS = ("reasoning_content", "reasoning", "reasoning_text", "thinking", "reasoning_details", "thinking_blocks")
FIELDS: dict[str, Callable[[Any], Iterator[Part]]] = {
    **dict.fromkeys(THOUGHTS, lambda value: read_as(THOUGHT, value, 1)),  # Envoy sends objects without a type
    "content": read_content,
    "refusal": lambda value: read_as(REFUSAL, value),
    **dict.fromkeys(("tool_calls", "function_call"), lambda value: iter([(CALL, "tool")])),
    "audio": read_audio,
    "images": lambda value: iter([(UNKNOWN, "image")]),
}
"""The fields of a delta, with their readers."""
PLAIN = dict.fromkeys(THOUGHTS, THOUGHT) | {"content": TEXT, "refusal": REFUSAL}
"""The kind of a field whose value is a string, as nearly all are."""

WORDS = ("text", "summary", "content", "value")
KINDS = {
    **dict.fromkeys(("text", "output_text", "reference"), TEXT),
    **dict.fromkeys(("thinking", "redacted_thinking", "reasoning", "reasoning_text"), THOUGHT),
    **dict.fromkeys(("summary", "summary_text"), THOUGHT),
    **dict.fromkeys(("tool_use", "tool_call", "function"), CALL),
    "refusal": REFUSAL,
}
"""The kinds of parts, by their type."""
