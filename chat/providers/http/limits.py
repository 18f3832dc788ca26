"""Limits for what we read from a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class TooLong(Exception):
    """A body, a line or an event is longer than its limit."""


def read_up_to(limit: int, reads: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the first `limit` bytes of a body. Raises TooLong if there are more."""
    left = limit
    for read in reads:
        yield read[:left]
        left -= len(read)
        if left < 0:
            raise TooLong
