"""Write the time into each token, so that its reader knows how long it took.

A stamp is `Q`, nine hexadecimal digits, `Z`: microseconds of the machine's monotonic clock, which all its processes
share. Markdown and HTML treat it as a plain word.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate

ROUND = 16**9
"""A stamp's clock wraps after 19 hours."""

STAMP = re.compile(rb"Q([0-9a-f]{9})Z")

Chunk = tuple[int, bytes]
"""The time of arrival in microseconds, and the bytes."""


def now() -> int:
    """Read the clock, in microseconds."""
    return time.monotonic_ns() // 1000


def stamped(moment: int) -> bytes:
    """Format a time as a stamp."""
    return b"Q%09xZ" % (moment % ROUND)


def first_seen(chunks: Sequence[Chunk]) -> dict[int, int]:
    """Return when each stamp first arrived, by the time it holds.

    A page may receive a part of its text twice, and a chunk may end anywhere, even in the middle of a stamp.
    """
    ends = list(accumulate(len(data) for _, data in chunks))
    seen: dict[int, int] = {}
    for found in STAMP.finditer(b"".join(data for _, data in chunks)):
        seen.setdefault(int(found[1], 16), chunks[bisect_left(ends, found.end())][0])
    return seen


def latencies(seen: Mapping[int, int]) -> list[int]:
    """List how many microseconds passed between each token's writing and its first arrival."""
    return [(moment - stamp) % ROUND for stamp, moment in seen.items()]
