"""What a server's failure means: from its status and its own words to an error for the person chatting.

The words count for more than the status: servers of the chatbot-ui protocol answer everything with 500 and put what
their own provider said into the reason phrase.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import responses
from typing import Any, NamedTuple

from chat.providers.base import (
    BadKey,
    ContextTooLong,
    ModelNotFound,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
)
from chat.providers.harmless import harmless

PASSING = {429, 500, 502, 503, 504, 529}
"""The statuses that may be gone in a moment; 529 is Anthropic's "overloaded"."""

QUOTED = 200


class Kind(NamedTuple):
    """A kind of failure: its error, its sentence, and whether it may be gone in a moment."""

    error: type[ProviderError]
    sentence: str
    passes: bool = False


class Failure(NamedTuple):
    """An error, whether asking again may help, and how many seconds the server wants to be left alone."""

    error: ProviderError
    again: bool = False
    wish: float | None = None


LONG = Kind(
    ContextTooLong,
    "The conversation is longer than this model can read. Start a new one, or choose a model with a larger window.",
)
SPENT = Kind(
    RateLimited,
    "The account at {host} has no credit left. Choose another provider, or ask whoever runs this app to top it up.",
)
KEY = Kind(BadKey, "The server at {host} refuses the key. Whoever runs this app should check it in the settings.")
MODEL = Kind(ModelNotFound, "The server at {host} doesn't have this model. Choose another one.")
BUSY = Kind(RateLimited, "The server at {host} is getting too many requests. Try again {when}.", passes=True)
REFUSED = Kind(Refused, "The server at {host} won't answer this request{quote}. Change it, or choose another model.")
DOWN = Kind(Unavailable, "The server at {host} is overloaded or broken{quote}. Try again {when}.", passes=True)
PAGE = Kind(
    Unavailable,
    "The server at {host} sent a web page instead of an answer: its address is probably wrong, or something in front "
    "of it blocks this app. Whoever runs this app should check the address in the settings.",
)
ELSEWHERE = Kind(
    Unavailable,
    "The server at {host} doesn't answer at this address, which is probably wrong. "
    "Whoever runs this app should check it in the settings.",
)

SAYINGS = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"context.?(length|size|window)|prompt is too long|reduce the length of the", LONG),
        (r"insufficient_quota|exceeded your current quota|insufficient (credit|balance|funds)", SPENT),
        (r"(incorrect|invalid|missing|wrong|no).api.?key|api key (not valid|is invalid|not found)", KEY),
        (r"provide an api key|authentication_error", KEY),
        (r"\bmodel\b.{0,150}?(not exist|not found)|model_not_found", MODEL),
        (r"(unknown|invalid|no such) model|not a valid model", MODEL),
        (r"rate.?limit|too many requests", BUSY),
    )
)
"""What servers say, whatever the status."""

MASKED = re.compile(
    r"invalid|is not of type|(less|greater) than the (minimum|maximum)|is a required property|unsupported|unrecognized"
    r"|content (management )?policy|additional properties",
    re.IGNORECASE,
)
"""What a provider says to a request it can't use, where a server in between made a 500 of it."""

STATUSES = {401: KEY, 402: SPENT, 403: KEY, 404: MODEL, 405: ELSEWHERE, 408: DOWN, 413: LONG, 429: BUSY}


def failure(
    status: int, words: str, host: str, key: str = "", wish: float | None = None, page: bool = False
) -> Failure:
    """Tell what went wrong.

    `words` is what the server said (see `words_of`), `wish` the seconds it wants to be left alone, `page` whether it
    sent HTML. No sentence holds the key, or anything that looks like one.
    """
    kind = kind_of(status, words, page)
    wish = wish if wish is not None else wish_in(words)
    sentence = kind.sentence.format(host=host, quote=quote(words, key), when=when(wish))
    error = RateLimited(sentence, wish) if kind.error is RateLimited else kind.error(sentence)
    return Failure(error, kind.passes and status in PASSING, wish)


def kind_of(status: int, words: str, page: bool = False) -> Kind:
    """Sort a failure by what was said, else by its status."""
    if page and status < 500 and status not in (401, 429):
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
    return f"in {math.ceil(wish)} seconds" if wish < 120 else f"in {math.ceil(wish / 60)} minutes"


def words_of(reason: str | None, body: bytes) -> str:
    """Find what a failing server said: the message in its JSON, else a reason phrase that is not the usual one."""
    if words := words_in(json_of(body)):
        return words
    return "" if reason in (None, *responses.values()) else str(reason)


def words_in(said: Any) -> str:
    """Find the message, and its codes, in an error object of whatever shape; empty where there is none."""
    said = said[0] if isinstance(said, list) and said else said
    error = said.get("error") or said if isinstance(said, dict) else said
    if not isinstance(error, dict):
        return error if isinstance(error, str) else ""
    message = error.get("message") or error.get("detail") or ""
    codes = [error[name] for name in ("type", "code") if isinstance(error.get(name), str)]
    return " ".join([message if isinstance(message, str) else json.dumps(message), *codes]).strip()


def json_of(body: bytes | str) -> Any:
    """Read JSON; None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def wish_of(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After: seconds from now, or a date; None where there is none."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def wish_in(words: str) -> float | None:
    """Find `try again in 1m20.5s` in a server's words; seconds."""
    found = re.search(r"try again in (?:(\d{1,6})m(?!s))?(?:(\d{1,6}(?:\.\d{1,6})?)(m?s))?", words, re.IGNORECASE)
    if not found or not any(found.groups()):
        return None
    minutes, amount, unit = found.groups()
    return 60.0 * int(minutes or 0) + float(amount or 0) / (1000 if unit == "ms" else 1)
