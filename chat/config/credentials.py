"""API keys and URLs of providers, as people paste them into a setting or a form."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from chat.config.parsers import Unusable, address, clean_paste


def require_ascii(text: str) -> None:
    """Raise Unusable for a character that only looks like an ASCII one, and name its place."""
    for place, sign in enumerate(text, start=1):
        if not sign.isascii():
            name = unicodedata.name(sign, "a character without a name")
            raise Unusable(
                f"character {place} is {name}, which only looks like an ASCII character. Copy the text again"
            )


LONGEST_KEY = 512
KEY = re.compile(rf"[!-~]{{0,{LONGEST_KEY}}}")


def key(text: str) -> str:
    """Read an API key: one word of ASCII."""
    text = re.sub(r"^bearer\s+", "", clean_paste(text), flags=re.IGNORECASE)
    require_ascii(text)
    if not KEY.fullmatch(text):
        raise Unusable(f"use only letters, digits and symbols, without spaces, and at most {LONGEST_KEY} characters")
    return text


ENDPOINTS = re.compile(r"(/chat/completions|(?<=/v1)/(completions|models|responses)|/api/(chat|models)(?!/))/*$")
"""The end of a pasted URL that belongs to a single request."""

VERSION = re.compile(r"(api-version=[A-Za-z0-9.-]+)?")
"""The only query that a URL can have: Azure's."""


def server(text: str) -> str:
    """Read the URL of a provider's server, without the parts of a single request."""
    parts = urlsplit(address(text))
    require_ascii(parts.geturl())
    if parts.fragment or parts.port == 0:
        raise ValueError
    if not VERSION.fullmatch(parts.query):
        raise Unusable(
            "remove what follows the question mark, unless it is api-version=...; a key has a field of its own"
        )
    return parts._replace(path=ENDPOINTS.sub("", parts.path).rstrip("/")).geturl()
