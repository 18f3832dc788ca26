"""Server-sent events, read from bytes as they come.

The format is the HTML standard's, section 9.2.6. Lines end with LF or CRLF only: a lone CR inside JSON is not legal
anyway, and text's own line separators (U+2028, U+0085) are part of what is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

LINE_LIMIT = 1024 * 1024
"""The longest line, the longest event, and the most that may come between two events, in bytes."""


class TooLong(Exception):
    """A line or an event passed the limit."""


class Event(NamedTuple):
    """An event: its data, and its name (`message` where none was sent)."""

    data: str
    name: str = "message"


def events(reads: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events in a stream of bytes; the last one counts without its blank line, too.

    Raises TooLong for an event that is too long, and where as much is no event: comments, say.
    """
    name, size, beside = "", 0, 0
    data: list[bytes] = []
    for line in lines(reads):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line and data:
            yield event(name, data)
            beside = 0
        if not line:
            name, data, size = "", [], 0
        if field == b"data":
            data.append(value)
            size += len(value) + 1
        else:
            beside += len(line) + 1
        check(max(size, beside))
        if field == b"event":
            name = value.decode("utf-8", "replace")
    if data:
        yield event(name, data)


def lines(reads: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a stream of bytes into lines, without their ends. Raises TooLong."""
    rest = bytearray()
    for read in reads:
        *ended, last = read.split(b"\n")
        if rest and ended:
            ended[0] = bytes(rest + ended[0])
            rest.clear()
        for line in ended:
            check(len(line))
            yield line.removesuffix(b"\r")
        rest += last
        check(len(rest))
    if rest:
        yield bytes(rest).removesuffix(b"\r")


def check(size: int) -> None:
    """Raise TooLong past the limit."""
    if size > LINE_LIMIT:
        raise TooLong


def event(name: str, data: list[bytes]) -> Event:
    """Make an event from its lines of data."""
    return Event(b"\n".join(data).decode("utf-8", "replace"), name or "message")
