"""The formats of the log, without secrets. An error's own words stay out, because they can quote a message.

This module imports only the standard library, because gunicorn's master imports it, too.
"""

from __future__ import annotations

import json
import logging
import re
import time
import traceback
from collections.abc import Iterable
from contextvars import ContextVar
from urllib.parse import quote

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The ID of the current request, for the log and for error pages."""

SHORTEST_SECRET = 8

JOURNAL = "journal"
"""The logger of the access log."""

SECRETS: set[str] = set()
"""The keys of this process, which no line of the log can hold."""

KEY = re.compile(
    r"(?P<before>\bBearer\s+|\bBasic\s+|\bAuthorization['\"]?\s*[:=]\s*['\"]?(?:Bearer|Basic)?\s*)[^\s'\",;]+"
    r"|\b(?:sk|pk|gsk|xai|key)[-_][\w*.-]{4,}|\bAIza[\w-]{8,}",
    re.IGNORECASE,
)
"""A key with a known prefix, or what stands in an Authorization header."""

STARS = "***"
STARRED = re.compile(r"\S{0,60}\*{3}\S{0,60}")
"""A key whose middle the provider replaced with stars."""


def register_secrets(secrets: Iterable[str]) -> None:
    long = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
    SECRETS.update(long, (quote(secret, safe="") for secret in long))


def redact(text: str) -> str:
    """Replace secrets, and what looks like a key, with …"""
    for secret in sorted(SECRETS, key=len, reverse=True):  # one can be the beginning of another
        text = text.replace(secret, "…")
    if STARS in text:  # saves the search with the slower pattern
        text = STARRED.sub("…", text)
    return KEY.sub(lambda found: f"{found['before'] or ''}…", text)


def set_up(form: str) -> None:
    """Log to the standard error, in the format `text` or `json`: warnings, and the access log."""
    handler = logging.StreamHandler()
    handler.setFormatter(Json() if form == "json" else Text())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger(JOURNAL).setLevel(logging.INFO)


def report(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Log that `what` failed, with the error's class and traceback, but not its words."""
    places = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed with %s at\n%s", what, type(error).__name__, places)


class Text(logging.Formatter):
    """Lines for people. The line of a request ends with its ID."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s%(request)s")

    def format(self, record: logging.LogRecord) -> str:
        record.request = f" [{REQUEST_ID.get()}]" if REQUEST_ID.get() else ""
        return redact(super().format(record))


class Json(logging.Formatter):
    """One JSON object a line, for programs."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **({"request": REQUEST_ID.get()} if REQUEST_ID.get() else {}),
            **getattr(record, "fields", {}),
            **({"exception": self.formatException(record.exc_info)} if record.exc_info else {}),
        }
        return json.dumps({name: redact(value) if isinstance(value, str) else value for name, value in fields.items()})
