"""The time that one rendering may spend on colours and formulas."""

from __future__ import annotations

import time


class Allowance:
    """CPU seconds of this thread; what comes after they are used up is drawn plainly.

    Pygments takes seconds for 20 KB that are made to hurt it, in most languages, but never long between two tokens.
    """

    def __init__(self, seconds: float = 0.08):
        self._end = time.thread_time() + seconds

    def is_left(self) -> bool:
        """Tell whether there is time for one more."""
        return time.thread_time() < self._end
