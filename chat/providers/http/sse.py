"""Server-sent events, read from bytes as they arrive.

The format is section 9.2.6 of the HTML standard. Lines end with LF or CRLF only: JSON can't contain a lone CR, and line
separators such as U+2028 and U+0085 are part of the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chat.providers.http.limits import TooLong

LINE_LIMIT = 1024 * 1024
"""The longest line, the longest event, and the most between two events, in bytes."""


class Event(NamedTuple):
    """An event: its data and its name (default: `message`)."""

    data: str
    name: str = "message"


BARE = "bare"
"""The name of an event that is JSON without a field name; a failing server can write its error so."""


def events(reads: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events of a stream; the last one needs no blank line.

    A line `error: ...` is an event named error, and bare JSON one named BARE. Raises TooLong for an overlong event,
    and for as many bytes without an event, such as comments.
    """
    name, size, beside = "", 0, 0
    data: list[bytes] = []
    for line in lines(reads):
        field, _, value = line.partition(b":")
        if field == b"data" and name != BARE:
            data.append(value.removeprefix(b" "))
            size += len(value) + 1
            check_size(size)
        elif data and not line:
            yield event(name, data)
            name, data, size, beside = "", [], 0, 0
        elif not line:
            name, beside = "", beside + 1
            check_size(beside)
        elif name == BARE or (not data and line.startswith(b"{")):
            name, size = BARE, size + len(line) + 1
            data.append(line)
            check_size(size)
            if ends_object(line, data):
                yield event(name, data)
                name, data, size = "", [], 0
        elif field == b"error":
            yield event("error", [value.strip()])
        else:
            beside += len(line) + 1
            check_size(beside)
            name = value.strip().decode("utf-8", "replace") if field == b"event" else name
    if data:
        yield event(name, data)


def ends_object(line: bytes, data: list[bytes]) -> bool:
    """Check whether bare JSON ends with this line: its only one, or a brace at the margin."""
    return line.endswith(b"}") if len(data) == 1 else line == b"}"


def lines(reads: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream without their line ends. Raises TooLong."""
    rest = bytearray()
    for read in reads:
        *ended, last = read.split(b"\n")
        if rest and ended:
            ended[0] = bytes(rest + ended[0])
            rest.clear()
        if ended and max(len(read), len(ended[0])) > LINE_LIMIT:  # otherwise all are shorter
            check_size(max(map(len, ended)))
        for line in ended:
            yield line.removesuffix(b"\r")
        rest += last
        check_size(len(rest))
    if rest:
        yield bytes(rest).removesuffix(b"\r")


def check_size(size: int) -> None:
    if size > LINE_LIMIT:
        raise TooLong


def event(name: str, data: list[bytes]) -> Event:
    return Event(b"\n".join(data).decode("utf-8", "replace"), name or "message")
