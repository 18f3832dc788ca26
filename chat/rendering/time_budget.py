"""The time that one rendering may spend on colours and formulas."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LOADS = 4
"""How many things that a process makes once and keeps one text may be the first to need."""


class TimeBudget:
    """CPU seconds of this thread; what comes after they are used up is drawn plainly.

    Pygments takes seconds for 20 KB that are made to hurt it, in most languages, but never long between two tokens.
    """

    def __init__(self, seconds: float = 0.08):
        self._end = time.thread_time() + seconds
        self._loads = LOADS

    def is_left(self) -> bool:
        """Tell whether there is time for one more."""
        return time.thread_time() < self._end

    def load(self, make: Callable[[], T]) -> T:
        """Make what a process makes once and keeps, at no expense of the text that is the first to need it.

        A text that needs many such things pays for those past LOADS. They are counted, not timed: what is drawn
        plainly for want of time stays so, and on a slow machine the first text of each language would.
        """
        began = time.thread_time()
        made = make()
        if self._loads > 0:
            self._loads -= 1
            self._end += time.thread_time() - began
        return made
