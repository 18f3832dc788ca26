"""How many streams there is room for: each takes an open file for its browser, and one for its provider."""

from __future__ import annotations

import resource
from collections.abc import Iterator

SPARE = 100
"""How many open files are left for everything else."""


class TooManyStreams(Exception):
    """No further stream can be begun; the message is for the person who wants one."""


class StreamCapacity:
    """Counts the streams of this process against its limit of open files."""

    def __init__(self, limit: int | None = None):
        self.limit = limit or max(1, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE) // 2)
        self.taken = 0

    def require(self) -> None:
        """Raise NoRoom near the limit."""
        if self.taken >= self.limit:
            raise TooManyStreams(
                "Too many answers are being watched at this moment. "
                "Yours is written all the same: open its conversation in a moment."
            )

    def counted(self, stream: Iterator[str]) -> Iterator[str]:
        """Yield what a stream does, and count it as long as it runs."""
        self.taken += 1
        try:
            yield from stream
        finally:
            self.taken -= 1
