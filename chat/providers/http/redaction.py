"""Makes servers' messages safe to show and store: short, on one line, without keys."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote

from chat.server import logs

SHORTEST_SECRET = 8
"""How many consecutive characters of a key are never shown; a shorter key is no secret and can be part of any word."""

EXAMINED = 2_000  # characters of a message


def redact(words: str, key: str, most: int) -> str:
    """Return a message on one line of at most `most` characters; "" if it contains a part of the key."""
    words = words[:EXAMINED]
    forms = (words, unquote(words), unescape(words))
    parts = (key[start : start + SHORTEST_SECRET] for start in range(len(key) - SHORTEST_SECRET + 1))
    if any(part in form for part in parts for form in forms):
        return ""
    line = "".join(sign for sign in " ".join(logs.redact(words).split()) if sign.isprintable())
    return line if len(line) <= most else f"{line[:most].rstrip(' .')}…"


def hide_host(words: str, host: str, who: str) -> str:
    """Name a server in its own message where that has its address, which only admins should read."""
    name = re.sub(r":\d+$", "", host)
    port = r"(?::\d+)?" if "." in name else r":\d+"  # a name without a dot can be any word
    return re.sub(rf"(?<![\w.-]){re.escape(name)}{port}(?![\w-])", lambda _: who, words, flags=re.IGNORECASE)
