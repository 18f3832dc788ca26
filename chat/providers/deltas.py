"""What a delta says, sorted: text, thought, refusal, call, or something that this app can't show.

The one place that knows in which fields and parts servers put words. A whole message is sorted like a delta.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

TEXT, THOUGHT, REFUSAL, CALL, UNKNOWN = "text", "thought", "refusal", "call", "unknown"

Part = tuple[str, str]
"""A kind and its words; for a call or an unknown part, its name."""


def first_choice(chunk: dict[str, Any]) -> dict[str, Any] | None:
    """Find the first choice of a chunk, the only one that is shown, wherever it stands in the list."""
    choices = chunk.get("choices")
    listed = choices if isinstance(choices, list) else []
    return next((it for it in listed if isinstance(it, dict) and it.get("index") in (None, 0, "0")), None)


def sort_delta(said: dict[str, Any]) -> dict[str, str]:
    """Sort a delta: its words by kind. A thought that a server sends in two fields counts once."""
    told: dict[str, str] = {}
    for field, value in said.items():
        if type(value) in NUMBERS and field in PLAIN:
            value = str(value)
        if value and field in FIELDS:
            words = {PLAIN[field]: value} if type(value) is str and field in PLAIN else join_parts(FIELDS[field](value))
            told = words | told if field in THOUGHTS else told | words if told else words
    return told


def join_parts(parts: Iterator[Part]) -> dict[str, str]:
    """Join parts by their kind."""
    told: dict[str, str] = {}
    for kind, words in parts:
        told[kind] = told.get(kind, "") + words
    return told


def content(value: Any, depth: int = 0) -> Iterator[Part]:
    """Read content: text, a part, or a list of parts."""
    if isinstance(value, str):
        yield TEXT, value
    elif isinstance(value, list):
        for part in value:
            yield from of_part(part, depth)
    elif isinstance(value, dict) and ("type" in value or depth):
        yield from of_part(value, depth)


def of_part(part: Any, depth: int) -> Iterator[Part]:
    """Read one part: `type` names its kind, and its words are in a field of that name or in `text`."""
    if not isinstance(part, dict) or depth > DEEPEST:
        return
    name = str(part.get("type") or "text")
    kind = KINDS.get(name.removeprefix("reasoning."), UNKNOWN)
    if kind in (CALL, UNKNOWN):
        yield kind, name
    else:
        yield from all_as(kind, next((part[field] for field in (name, *WORDS) if part.get(field)), ""), depth + 1)


def all_as(kind: str, value: Any, depth: int = 0) -> Iterator[Part]:
    """Read content whose words are all of one kind; leave out what has no words."""
    for found, words in content(value, depth):
        if found not in (CALL, UNKNOWN):
            yield kind, words


def thought(value: Any) -> Iterator[Part]:
    """Read a field with thoughts; Envoy's are objects without a type."""
    return all_as(THOUGHT, value, 1)


def refusal(value: Any) -> Iterator[Part]:
    """Read a field with a refusal."""
    return all_as(REFUSAL, value)


def call(value: Any) -> Iterator[Part]:
    """Note a call of a tool."""
    yield CALL, "tool"


def audio(value: Any) -> Iterator[Part]:
    """Read audio: its words where the server writes them down."""
    words = value.get("transcript") if isinstance(value, dict) else None
    yield (TEXT, words) if isinstance(words, str) else (UNKNOWN, "audio")


def images(value: Any) -> Iterator[Part]:
    """Note images."""
    yield UNKNOWN, "image"


NUMBERS = (int, float)
"""What Workers AI makes of a token that looks like a number."""

DEEPEST = 5
"""How deep parts in parts are read; nobody nests them deeper."""

THOUGHTS = ("reasoning_content", "reasoning", "reasoning_text", "thinking", "reasoning_details", "thinking_blocks")
FIELDS: dict[str, Callable[[Any], Iterator[Part]]] = {
    **dict.fromkeys(THOUGHTS, thought),
    "content": content,
    "refusal": refusal,
    "tool_calls": call,
    "function_call": call,
    "audio": audio,
    "images": images,
}
"""Fields of a delta, and who reads them."""
PLAIN = dict.fromkeys(THOUGHTS, THOUGHT) | {"content": TEXT, "refusal": REFUSAL}
"""What a field holds that is text; nearly all are."""

WORDS = ("text", "summary", "content", "value")
KINDS = {
    "text": TEXT,
    "output_text": TEXT,
    "reference": TEXT,
    "thinking": THOUGHT,
    "redacted_thinking": THOUGHT,
    "reasoning": THOUGHT,
    "reasoning_text": THOUGHT,
    "summary": THOUGHT,
    "summary_text": THOUGHT,
    "refusal": REFUSAL,
    "tool_use": CALL,
    "tool_call": CALL,
    "function": CALL,
}
"""Types of parts."""
