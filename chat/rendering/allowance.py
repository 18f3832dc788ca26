"""The time that one rendering may spend on colours and formulas."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Allowance:
    """CPU seconds of this thread; what comes after they are used up is drawn plainly.

    Pygments takes seconds for 20 KB that are made to hurt it, in most languages, but never long between two tokens.
    """

    def __init__(self, seconds: float = 0.08, loading: float = 0.06):
        self._end = time.thread_time() + seconds
        self._loading = loading

    def is_left(self) -> bool:
        """Tell whether there is time for one more."""
        return time.thread_time() < self._end

    def load(self, make: Callable[[], T]) -> T:
        """Make what a process makes once and keeps; its first text pays for little of that."""
        began = time.thread_time()
        made = make()
        spared = min(self._loading, time.thread_time() - began)
        self._loading -= spared
        self._end += spared
        return made
