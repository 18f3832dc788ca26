"""The time that one rendering can spend on colours and formulas."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LOADS = 4
"""How many things, made once a process and kept, one text can load for free."""


class TimeBudget:
    """CPU seconds of this thread. When they are used up, the rest of the text stays plain.

    Pygments takes seconds for 20 KB of hostile text in most languages, but never long between two tokens.
    """

    def __init__(self, seconds: float = 0.08):
        self._end = time.thread_time() + seconds
        self._loads = LOADS

    def is_left(self) -> bool:
        return time.thread_time() < self._end

    def load(self, make: Callable[[], T]) -> T:
        """Make a thing that the process keeps, free of charge for the first LOADS.

        Loads are counted rather than timed: otherwise the first code block on a slow machine would stay uncoloured for
        good.
        """
        began = time.thread_time()
        made = make()
        if self._loads > 0:
            self._loads -= 1
            self._end += time.thread_time() - began
        return made
