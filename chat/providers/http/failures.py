"""What a server's failure means: from its status and its own words to an error for the person chatting."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from chat.providers.errors import ContextTooLong, ProviderError, RateLimited
from chat.providers.http.error_wordings import (
    DOWN,
    ELSEWHERE,
    MASKED,
    PAGE,
    REFUSED,
    SAYINGS,
    STATUSES,
    Kind,
    window_in,
)
from chat.providers.http.redaction import harmless

PASSING = {429, 500, 502, 503, 504, 529}
"""The statuses that may be gone in a moment; 529 is Anthropic's "overloaded"."""

QUOTED = 200


class Failure(NamedTuple):
    """An error, whether asking again may help, and how many seconds the server wants to be left alone."""

    error: ProviderError
    again: bool = False
    wish: float | None = None


def failure(
    status: int, words: str, host: str, key: str = "", wish: float | None = None, page: bool = False
) -> Failure:
    """Tell what went wrong.

    `words` is what the server said (see reports.py), `wish` the seconds it wants to be left alone, `page` whether it
    sent HTML. No sentence holds the key, or anything that looks like one.
    """
    kind = kind_of(status, words, page)
    wish = wish if wish is not None else wish_in(words)
    sentence = kind.sentence.format(host=host, quote=quote(words, key), when=when(wish))
    return Failure(made(kind, sentence, words, wish), kind.passes and status in PASSING, wish)


def made(kind: Kind, sentence: str, words: str, wish: float | None) -> ProviderError:
    """Make the error of a kind, with the number that the server told."""
    if kind.error is RateLimited:
        return RateLimited(sentence, wish)
    if kind.error is ContextTooLong:
        return ContextTooLong(sentence, window_in(words))
    return kind.error(sentence)


def kind_of(status: int, words: str, page: bool = False) -> Kind:
    """Sort a failure by what was said, else by its status."""
    if page and status < 500 and status not in (401, 413, 429):
        return PAGE
    for pattern, kind in SAYINGS:
        if pattern.search(words):
            return kind
    if status == 500 and MASKED.search(words):
        return REFUSED
    return STATUSES.get(status) or (DOWN if status >= 500 else REFUSED if status >= 400 else ELSEWHERE)


def quote(words: str, key: str) -> str:
    """Put a server's words into a sentence; nothing where there are none that may be shown."""
    line = harmless(words, key, QUOTED)
    return f" (it says: {line.rstrip(' .')})" if line else ""


def when(wish: float | None) -> str:
    """Say when to try again."""
    if wish is None or wish < 1:
        return "in a moment"
    if wish >= 120:
        return f"in {math.ceil(wish / 60)} minutes"
    return f"in {math.ceil(wish)} seconds" if wish > 1 else "in 1 second"


def wish_of(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After: seconds from now, or a date; None where there is none."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


WISH = re.compile(
    r"(?:try again|retry) (?:in|after) (?:(\d{1,6}) ?m(?!s)[a-z]* ?)?(?:(\d{1,6}(?:\.\d{1,6})?) ?(m?s))?", re.IGNORECASE
)


def wish_in(words: str) -> float | None:
    """Find `try again in 1m20.5s` in a server's words; seconds."""
    found = WISH.search(words)
    if not found or not any(found.groups()):
        return None
    minutes, amount, unit = found.groups()
    return 60.0 * int(minutes or 0) + float(amount or 0) / (1000 if (unit or "").lower() == "ms" else 1)
