"""The models that a server lists: fetched in the background, kept for ten minutes."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from chat.providers.base import Model, Timeouts
from chat.providers.errors import ProviderError
from chat.providers.http.redaction import redact

FRESH, AFTER_FAILURE = 600.0, 30.0
"""How many seconds a list stays valid, and how many to wait after a failed fetch."""

LIST_TIMEOUTS = Timeouts(connect=5, first_byte=10, read=5, total=15)

LONGEST_ID, LONGEST_NAME, MOST = 256, 120, 2_000
"""Limits for a list: the length of an id and of a name in characters, and the number of models."""

PATH = re.compile(r"(?:[/~.\\]|[A-Za-z]:\\).*[/\\]|.*[/\\](?=[^/\\]+\.gguf$)")
"""Everything before the file name in a path; llama.cpp names a model after its file."""


def usable_rows(listed: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the rows with a usable id, each with a name that can be shown."""
    usable = (row for row in listed if isinstance(row, dict) and is_usable_id(row.get("id")))
    return [{**row, "name": display_name(row)} for row in islice(usable, MOST)]


def is_usable_id(found: Any) -> bool:
    """Check a model's id. It is sent back unchanged, so an unusable one can't be repaired."""
    return isinstance(found, str) and 0 < len(found) <= LONGEST_ID and found.isprintable()


def display_name(row: Mapping[str, Any]) -> str:
    """Return a model's name (Anthropic's is in `display_name`), or its id. A path is shortened to its file name."""
    name = row.get("name", row.get("display_name"))
    name = (redact(name, "", LONGEST_NAME) if isinstance(name, str) else "") or row["id"]
    return last_part(name)


def last_part(name: str) -> str:
    return PATH.sub("", name.rstrip("/\\"), count=1) or name


class ModelList:
    """A list of models that refreshes itself.

    `ask` fetches the list or raises a ProviderError, whose sentence is stored as `problem` until a fetch succeeds.
    The last list stays in use until then.
    """

    def __init__(self, ask: Callable[[], list[Model]]):
        self.current: list[Model] = []
        self.problem: str | None = None
        self._ask = ask
        self._due = 0.0
        self._first: float | None = None
        self._lock = threading.Lock()
        self._asked = threading.Event()

    def models(self, patience: float = 0) -> list[Model]:
        """Return the known models, and refresh them in the background if they are stale.

        Waits for the very first list only, at most `patience` seconds after the first call.
        """
        with self._lock:
            self._first = self._first or time.monotonic()
            stale = time.monotonic() >= self._due
            if stale:
                self._due = time.monotonic() + FRESH
        if stale:
            threading.Thread(target=self.refresh, name="models", daemon=True).start()
        self._asked.wait(max(0, self._first + patience - time.monotonic()))
        return self.current

    def ask_again(self, patience: float) -> None:
        """Retry a fetch that brought no models, and wait briefly. Concurrent callers share one retry."""
        with self._lock:
            if self._asked.is_set() and not self.current:
                self._asked.clear()
                self._due, self._first = 0.0, None
        self.models(patience)

    def is_empty(self) -> bool:
        """Return True if the server listed no models."""
        return self._asked.is_set() and not self.problem and not self.current

    def refresh(self) -> None:
        try:
            self.current, self.problem = self._ask(), None
            self._due = time.monotonic() + (FRESH if self.current else AFTER_FAILURE)
        except ProviderError as error:
            self.problem = str(error)
            self._due = time.monotonic() + AFTER_FAILURE
        finally:
            self._asked.set()
