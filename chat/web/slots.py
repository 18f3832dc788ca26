"""Places for what costs memory while it arrives: so many in all, and so many of one address."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from chat.people.rate_limits import household


class Full(Exception):
    """All places are taken, or all that one address may have."""


class Places:
    """Who takes all of an address's places keeps out nobody from elsewhere."""

    def __init__(self, most: int, of_one: int):
        self.most, self.of_one = most, of_one
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, address: str) -> Iterator[None]:
        """Hold a place until the end of the block. Raises Full."""
        whose = household(address)
        with self._lock:
            if self._taken[whose] >= self.of_one or self._taken.total() >= self.most:
                raise Full
            self._taken[whose] += 1
        try:
            yield
        finally:
            self._give_back(whose)

    def _give_back(self, whose: str) -> None:
        with self._lock:
            self._taken[whose] -= 1
            self._taken += Counter()  # drops addresses without a place
