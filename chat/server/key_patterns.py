"""What a key looks like, whatever service it is for: the one list, for the log and for what servers say."""

from __future__ import annotations

import re

KEY = re.compile(
    r"(?P<before>\bBearer\s+|\bBasic\s+|\bAuthorization['\"]?\s*[:=]\s*['\"]?(?:Bearer|Basic)?\s*)[^\s'\",;]+"
    r"|\b(?:sk|pk|gsk|xai|key)[-_][\w*.-]{4,}|\bAIza[\w-]{8,}",
    re.IGNORECASE,
)
"""A key by its first letters, or what stands where one is sent."""

STARS = "***"
STARRED = re.compile(r"\S{0,60}\*{3}\S{0,60}")
"""A key of which a server shows only the ends."""


def blank_keys(text: str) -> str:
    """Put … in the place of what looks like a key."""
    if STARS in text:  # else the slower of the two patterns looks for nothing
        text = STARRED.sub("…", text)
    return KEY.sub(lambda found: f"{found['before'] or ''}…", text)
