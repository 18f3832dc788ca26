"""Slots for what costs memory while it arrives: so many in all, and so many of one address."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from chat.people.rate_limits import household


class NoFreeSlot(Exception):
    """All slots are taken, or all that one address may have."""


class Slots:
    """Slots in all and per address: an address that takes all of its own keeps nobody else out."""

    def __init__(self, limit: int, per_address: int):
        self.limit, self.per_address = limit, per_address
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, address: str) -> Iterator[None]:
        """Hold a slot until the end of the block. Raises NoFreeSlot."""
        holder = household(address)
        with self._lock:
            if self._taken[holder] >= self.per_address or self._taken.total() >= self.limit:
                raise NoFreeSlot
            self._taken[holder] += 1
        try:
            yield
        finally:
            self._release(holder)

    def _release(self, holder: str) -> None:
        with self._lock:
            self._taken[holder] -= 1
            self._taken += Counter()  # drops addresses without a slot
