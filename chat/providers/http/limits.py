"""How much is read of what a server sends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class TooLong(Exception):
    """A body, a line or an event passed its limit."""


def read_up_to(limit: int, reads: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the first `limit` bytes of a body. Raises TooLong where there are more."""
    left = limit
    for read in reads:
        yield read[:left]
        left -= len(read)
        if left < 0:
            raise TooLong
