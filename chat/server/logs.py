"""What the log says: where something broke, but not the error's own words, which may quote a message.

It imports nothing from another room and nothing that is not Python's own: gunicorn's master reads it, too.
"""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Iterable
from contextvars import ContextVar
from urllib.parse import quote

from chat.server.key_patterns import blank_keys

REQUEST_ID: ContextVar[str] = ContextVar("number", default="")
"""The number of the request that is being answered: the log and the pages that tell of errors show it."""

SHORTEST_SECRET = 8

JOURNAL = "journal"
"""The logger that tells of each request."""


SECRETS: set[str] = set()
"""What no line of the log may hold: the keys of this process."""


def register_secrets(secrets: Iterable[str]) -> None:
    """Keep some secrets out of the log from now on."""
    long = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
    SECRETS.update(long, (quote(secret, safe="") for secret in long))


def redact(line: str) -> str:
    """Put … in the place of what is a secret, or looks like one."""
    for secret in sorted(SECRETS, key=len, reverse=True):  # one may begin as another does
        line = line.replace(secret, "…")
    return blank_keys(line)


def set_up(form: str) -> None:
    """Have everything logged to the standard error, in the form `text` or `json`; of most, only what is wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(Json() if form == "json" else Text())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger(JOURNAL).setLevel(logging.INFO)


def report(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Log that `what` broke, the kind of error and the places it passed."""
    places = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s broke with %s at\n%s", what, type(error).__name__, places)


class Text(logging.Formatter):
    """A line for people; one that belongs to a request ends with its number."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Write a record and what it was raised by, without secrets."""
        return redact(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Write a record's line, and the number of its request at the end."""
        number = REQUEST_ID.get()
        return f"{super().formatMessage(record)} [{number}]" if number else super().formatMessage(record)


class Json(logging.Formatter):
    """A JSON object a line, for programs."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record, what it was given as `fields`, and the number of the request it belongs to."""
        said = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **({"request": REQUEST_ID.get()} if REQUEST_ID.get() else {}),
            **getattr(record, "fields", {}),
            **({"exception": self.formatException(record.exc_info)} if record.exc_info else {}),
        }
        return json.dumps({name: redact(word) if isinstance(word, str) else word for name, word in said.items()})
