"""The models that a server lists: asked for in the background, kept for ten minutes."""

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

FRESH = 600.0
"""How long a list is good, in seconds."""
AFTER_FAILURE = 30.0
"""How long to wait before asking again where there was none."""


LIST_TIMEOUTS = Timeouts(connect=5, first_byte=10, read=5, total=15)

LONGEST_ID, LONGEST_NAME, MOST = 256, 120, 2_000
"""The longest id and name of a model, in characters, and how many models of a list count."""


PATH = re.compile(r"(?:[/~.\\]|[A-Za-z]:\\).*[/\\]|.*[/\\](?=[^/\\]+\.gguf$)")
"""What stands before the last part of a path, where a name is one: llama.cpp names a model by its file."""


def usable_rows(listed: Iterable[Any]) -> list[dict[str, Any]]:
    """Give the rows of a server's list whose id can be used, on one line, with a name that can be shown."""
    usable = (row for row in listed if isinstance(row, dict) and is_id(row.get("id")))
    return [{**row, "name": display_name(row)} for row in islice(usable, MOST)]


def is_id(found: Any) -> bool:
    """Tell whether something can be the id of a model; it goes up as it is, so what can't is left out."""
    return isinstance(found, str) and 0 < len(found) <= LONGEST_ID and found.isprintable()


def display_name(row: Mapping[str, Any]) -> str:
    """Read the name of a model; without one it is called by its id. Of a path the last part is the name."""
    name = row.get("name")
    name = (redact(name, "", LONGEST_NAME) if isinstance(name, str) else "") or row["id"]
    return last_part(name)


def last_part(name: str) -> str:
    """Give the last part of a name that is a path; else the name."""
    return PATH.sub("", name.rstrip("/\\"), count=1) or name


class ModelList:
    """A list of models that keeps itself up to date.

    `ask` fetches it, or raises a ProviderError, whose sentence is kept as `problem` until a fetch succeeds. What was
    listed last stays in use meanwhile.
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
        """Give what is known, and ask in the background when that is old.

        Waits for the very first answer, until `patience` seconds after it was first asked for: once, not in each call.
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
        """Ask once more where the last asking brought nothing, and wait a moment; once for all who ask meanwhile."""
        with self._lock:
            if self._asked.is_set() and not self.current:
                self._asked.clear()
                self._due, self._first = 0.0, None
        self.models(patience)

    def is_empty(self) -> bool:
        """Tell whether a list was fetched that holds nothing."""
        return self._asked.is_set() and not self.problem and not self.current

    def refresh(self) -> None:
        """Ask now, and wait for the answer."""
        try:
            self.current, self.problem = self._ask(), None
            self._due = time.monotonic() + (FRESH if self.current else AFTER_FAILURE)
        except ProviderError as error:
            self.problem = str(error)
            self._due = time.monotonic() + AFTER_FAILURE
        finally:
            self._asked.set()
