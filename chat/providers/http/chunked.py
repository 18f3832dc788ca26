"""The chunks of a body (RFC 9112, section 7.1), decoded many at a time.

The standard library decodes one at a time with several calls each, which cost more than all other work for a token.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import requests

READ_SIZE = 8 * 1024

SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")
LONGEST_SIZE = 4096
"""The longest line with a chunk's size, in bytes."""


class BrokenChunks(Exception):
    """A body ended before its last chunk, or is malformed."""


def reads_of(response: requests.Response) -> Iterator[bytes]:
    """Yield the bytes of each read of a body, possibly none. Raises BrokenChunks and urllib3's errors."""
    original: Any = response.raw._original_response
    if original.chunked and "Content-Encoding" not in response.headers:
        return decode_chunks(iter(lambda: original.fp.read1(READ_SIZE), b""))
    return iter(lambda: response.raw.read1(READ_SIZE, decode_content=True), b"")


def decode_chunks(reads: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content of all chunks in each read. Raises BrokenChunks."""
    buffer, left = b"", 0
    for read in reads:
        held: list[bytes] = []
        buffer += read
        while buffer:
            if not left:
                size, buffer = parse_size(buffer)
                if size == 0:
                    yield b"".join(held)
                    return
                if size is None:
                    break
                left = size + 2  # with the line end after it
            held.append(buffer[: max(0, left - 2)])
            left, buffer = left - min(left, len(buffer)), buffer[left:]
        yield b"".join(held)
    raise BrokenChunks


def parse_size(buffer: bytes) -> tuple[int | None, bytes]:
    """Return the size of a chunk and the bytes after it; the size is None if it is incomplete. Raises BrokenChunks."""
    # Looked for first: the pattern would try each of many blanks again, at every byte that comes.
    whole = b"\n" in buffer
    found = SIZE.match(buffer) if whole else None
    if found:
        return int(found[1], 16), buffer[found.end() :]
    if whole or len(buffer) > LONGEST_SIZE:
        raise BrokenChunks
    return None, buffer
