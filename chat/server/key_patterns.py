"""What API keys look like, for the log and for errors of providers."""

from __future__ import annotations

import re

KEY = re.compile(
    r"(?P<before>\bBearer\s+|\bBasic\s+|\bAuthorization['\"]?\s*[:=]\s*['\"]?(?:Bearer|Basic)?\s*)[^\s'\",;]+"
    r"|\b(?:sk|pk|gsk|xai|key)[-_][\w*.-]{4,}|\bAIza[\w-]{8,}",
    re.IGNORECASE,
)
"""A key with a known prefix, or what stands in an Authorization header."""

STARS = "***"
STARRED = re.compile(r"\S{0,60}\*{3}\S{0,60}")
"""A key whose middle the server replaced with stars."""


def blank_keys(text: str) -> str:
    """Replace what looks like a key with …"""
    if STARS in text:  # saves the search with the slower pattern
        text = STARRED.sub("…", text)
    return KEY.sub(lambda found: f"{found['before'] or ''}…", text)
