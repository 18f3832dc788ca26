"""Slots for what costs memory while it arrives: so many in all, and so many per address."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from chat.people.rate_limits import household


class Slots:
    """Slots in all and per address, so that one address can't take all of them. `error` is raised if none is free."""

    def __init__(self, limit: int, per_address: int, error: type[Exception]):
        self.limit, self.per_address, self.error = limit, per_address, error
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, address: str) -> Iterator[None]:
        holder = household(address)
        with self._lock:
            if self._taken[holder] >= self.per_address or self._taken.total() >= self.limit:
                raise self.error
            self._taken[holder] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[holder] -= 1
                self._taken += Counter()  # drops addresses without a slot
