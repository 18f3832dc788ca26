"""Stamps: a token's text says when it was written, so that whoever reads it knows how long it took.

A stamp is `Q`, nine hexadecimal digits, `Z`: microseconds of the machine's monotonic clock, which all its processes
share. It is a plain word to Markdown and HTML.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate

ROUND = 16**9
"""A stamp's clock begins anew after 19 hours."""

STAMP = re.compile(rb"Q([0-9a-f]{9})Z")

Chunk = tuple[int, bytes]
"""When something came, in microseconds, and what."""


def now() -> int:
    """Read the clock, in microseconds."""
    return time.monotonic_ns() // 1000


def stamped(moment: int) -> bytes:
    """Write a moment as a stamp."""
    return b"Q%09xZ" % (moment % ROUND)


def first_seen(chunks: Sequence[Chunk]) -> dict[int, int]:
    """Tell when each stamp came for the first time, by the moment it holds.

    A page may be sent a part of its text again, and what is read may break anywhere, in the middle of a stamp too.
    """
    ends = list(accumulate(len(data) for _, data in chunks))
    seen: dict[int, int] = {}
    for found in STAMP.finditer(b"".join(data for _, data in chunks)):
        seen.setdefault(int(found[1], 16), chunks[bisect_left(ends, found.end())][0])
    return seen


def latencies(seen: Mapping[int, int]) -> list[int]:
    """List how long each token took from its writing to its first appearance, in microseconds."""
    return [(moment - stamp) % ROUND for stamp, moment in seen.items()]
