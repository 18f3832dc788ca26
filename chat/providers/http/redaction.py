"""What servers say, made fit to be shown and stored: short, on one line, and without keys."""

from __future__ import annotations

from html import unescape
from urllib.parse import unquote

from chat.server import logs

TELLING = 8
"""So many characters of a key in a row are never shown; a shorter key is no secret, and may be in any word."""

LOOKED_AT = 2_000
"""How much of what was said is looked at, in characters."""


def redact(words: str, key: str, most: int) -> str:
    """Put what a server says on one line of `most` characters; nothing of it where it holds a part of the key."""
    words = words[:LOOKED_AT]
    forms = (words, unquote(words), unescape(words))
    if any(part in form for part in parts_of(key) for form in forms):
        return ""
    line = "".join(sign for sign in " ".join(logs.redact(words).split()) if sign.isprintable())
    return line if len(line) <= most else f"{line[:most].rstrip(' .')}…"


def parts_of(key: str) -> list[str]:
    """Cut a key into what would tell of it."""
    return [key[start : start + TELLING] for start in range(len(key) - TELLING + 1)]
