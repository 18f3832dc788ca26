"""Turns a server's status and message into an error for the user."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from chat.providers.errors import ContextTooLong, ProviderError, RateLimited
from chat.providers.http.error_wordings import Kind, classify, window_in
from chat.providers.http.redaction import redact

PASSING = {429, 500, 502, 503, 504, 529}
"""The statuses worth a retry; 529 is Anthropic's "overloaded"."""

QUOTED = 200


class Failure(NamedTuple):
    """An error, whether to retry, and after how many seconds if the server says so."""

    error: ProviderError
    again: bool = False
    retry_after: float | None = None


def failure(
    status: int, words: str, who: str, key: str = "", retry_after: float | None = None, page: bool = False
) -> Failure:
    """Return the error for a failed response.

    `who` is the subject of the sentence, `words` the server's message (error_reports.py), `retry_after` its
    Retry-After in seconds, `page` whether it sent HTML. No sentence contains the key, or anything that looks like one.
    """
    kind = classify(status, words, page)
    retry_after = retry_after if retry_after is not None else retry_after_in(words)
    sentence = kind.sentence.format(who=who, quote=quote(words, key), when=retry_time(retry_after))
    return Failure(create_error(kind, sentence, words, retry_after), kind.passes and status in PASSING, retry_after)


def create_error(kind: Kind, sentence: str, words: str, retry_after: float | None) -> ProviderError:
    if kind.error is RateLimited:
        return RateLimited(sentence, retry_after)
    if kind.error is ContextTooLong:
        return ContextTooLong(sentence, window_in(words))
    return kind.error(sentence)


def quote(words: str, key: str) -> str:
    """Quote a server's message in a sentence; return "" if nothing can be shown."""
    line = redact(words, key, QUOTED)
    return f': "{line.rstrip(" .")}"' if line else ""


def retry_time(retry_after: float | None) -> str:
    if retry_after is None or retry_after < 1:
        return "in a moment"
    if retry_after >= 120:
        return f"in {math.ceil(retry_after / 60)} minutes"
    return f"in {math.ceil(retry_after)} seconds" if retry_after > 1 else "in 1 second"


def retry_after_header(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After, in seconds or as a date; return the seconds, or None."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


RETRY_AFTER = re.compile(
    r"(?:try again|retry) (?:in|after) (?:(\d{1,6}) ?m(?!s)[a-z]* ?)?(?:(\d{1,6}(?:\.\d{1,6})?) ?(m?s))?", re.IGNORECASE
)


def retry_after_in(words: str) -> float | None:
    """Find `try again in 1m20.5s` in a server's message; return the seconds."""
    found = RETRY_AFTER.search(words)
    if not found or not any(found.groups()):
        return None
    minutes, amount, unit = found.groups()
    return 60.0 * int(minutes or 0) + float(amount or 0) / (1000 if (unit or "").lower() == "ms" else 1)
