"""What a delta says, sorted: text, thought, refusal, call, or something that this app can't show.

The one place that knows in which fields and parts servers put words. A whole message is sorted like a delta.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

TEXT, THOUGHT, REFUSAL, CALL, UNKNOWN = "text", "thought", "refusal", "call", "unknown"

Part = tuple[str, str]
"""A kind and its words; for a call or an unknown part, its name."""


def sorted_out(said: dict[str, Any]) -> dict[str, str]:
    """Sort a delta: its words by kind. A thought that a server sends in two fields counts once."""
    told: dict[str, str] = {}
    for field, value in said.items():
        if value and field in FIELDS:
            words = {PLAIN[field]: value} if type(value) is str and field in PLAIN else joined(FIELDS[field](value))
            told = words | told if field in THOUGHTS else told | words if told else words
    return told


def joined(parts: Iterator[Part]) -> dict[str, str]:
    """Join parts by their kind."""
    told: dict[str, str] = {}
    for kind, words in parts:
        told[kind] = told.get(kind, "") + words
    return told


def content(value: Any) -> Iterator[Part]:
    """Read content: text, a part, or a list of parts."""
    if isinstance(value, str):
        yield TEXT, value
    elif isinstance(value, list):
        for part in value:
            yield from of_part(part)
    elif isinstance(value, dict) and "type" in value:
        yield from of_part(value)


def of_part(part: Any) -> Iterator[Part]:
    """Read one part: `type` names its kind, and its words are in a field of that name or in `text`."""
    if not isinstance(part, dict):
        return
    name = str(part.get("type") or "text")
    kind = KINDS.get(name.removeprefix("reasoning."), UNKNOWN)
    if kind in (CALL, UNKNOWN):
        yield kind, name
    else:
        yield from all_as(kind, next((part[field] for field in (name, *WORDS) if part.get(field)), ""))


def all_as(kind: str, value: Any) -> Iterator[Part]:
    """Read content whose words are all of one kind; leave out what has no words."""
    for found, words in content(value):
        if found not in (CALL, UNKNOWN):
            yield kind, words


def thought(value: Any) -> Iterator[Part]:
    """Read a field with thoughts."""
    return all_as(THOUGHT, value)


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


THOUGHTS = ("reasoning_content", "reasoning", "reasoning_text", "thinking", "reasoning_details")
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

WORDS = ("text", "summary", "content")
KINDS = {
    "text": TEXT,
    "output_text": TEXT,
    "reference": TEXT,
    "thinking": THOUGHT,
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
