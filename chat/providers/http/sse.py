"""Server-sent events, read from bytes as they come.

The format is the HTML standard's, section 9.2.6. Lines end with LF or CRLF only: a lone CR inside JSON is not legal
anyway, and text's own line separators (U+2028, U+0085) are part of what is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chat.providers.http.limits import TooLong

LINE_LIMIT = 1024 * 1024
"""The longest line, the longest event, and the most that may come between two events, in bytes."""


class Event(NamedTuple):
    """An event: its data, and its name (`message` where none was sent)."""

    data: str
    name: str = "message"


BARE = "bare"
"""The name of an event that is JSON without a field before it: what breaks in a stream's server may write so."""


def events(reads: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events in a stream of bytes; the last one counts without its blank line, too.

    A line `error: ...` is an event of that name, and bare JSON is one named BARE. Raises TooLong for an event that is
    too long, and where as much is no event: comments, say.
    """
    name, size, beside = "", 0, 0
    data: list[bytes] = []
    for line in lines(reads):
        field, _, value = line.partition(b":")
        if field == b"data" and name != BARE:
            data.append(value.removeprefix(b" "))
            size += len(value) + 1
            check(size)
        elif not line:
            beside = 0 if data else beside + 1
            check(beside)
            if data:
                yield event(name, data)
            name, data, size = "", [], 0
        elif name == BARE or (not data and line.startswith(b"{")):
            name, size = BARE, size + len(line) + 1
            data.append(line)
            check(size)
            if ends_object(line, data):
                yield event(name, data)
                name, data, size = "", [], 0
        elif field == b"error":
            yield event("error", [value.strip()])
        else:
            beside += len(line) + 1
            check(beside)
            name = value.strip().decode("utf-8", "replace") if field == b"event" else name
    if data:
        yield event(name, data)


def ends_object(line: bytes, data: list[bytes]) -> bool:
    """Tell whether bare JSON ends with a line: its only one, or a brace at the margin."""
    return line.endswith(b"}") if len(data) == 1 else line == b"}"


def lines(reads: Iterable[bytes]) -> Iterator[bytes]:
    """Cut a stream of bytes into lines, without their ends. Raises TooLong."""
    rest = bytearray()
    for read in reads:
        *ended, last = read.split(b"\n")
        if rest and ended:
            ended[0] = bytes(rest + ended[0])
            rest.clear()
        if ended and max(len(read), len(ended[0])) > LINE_LIMIT:  # else all are shorter
            check(max(map(len, ended)))
        for line in ended:
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
