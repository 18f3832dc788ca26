"""The heads of requests: how large they may be, and how long they may take. gunicorn alone takes 800 KB of each."""

from __future__ import annotations

import math
import time
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, NoMoreData
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser

LARGEST = 32 * 1024
"""How many bytes of a head are waited for; nginx takes as many."""

SECONDS = 30.0
"""How long a head may take from its first byte on, as a whole; how long that is waited for, `keepalive` says."""


class BoundedRequest(Request):
    """A request whose head is bounded."""

    _end = math.inf

    def read_into(self, unreader: Any, buf: bytearray, stop: bool = False) -> None:
        """Read on. Raises LimitRequestHeaders for what is too large, and NoMoreData for what is too slow."""
        if len(buf) > LARGEST:
            raise LimitRequestHeaders(f"a head of more than {LARGEST} bytes")
        unreader.sock.settimeout(self._patience(buf))
        try:
            super().read_into(unreader, buf, stop)
        except TimeoutError:
            raise NoMoreData(bytes(buf)) from None
        finally:
            unreader.sock.settimeout(None)
        if self._end == math.inf:
            self._end = time.monotonic() + SECONDS

    def _patience(self, buf: bytearray) -> float | None:
        """Say how long, in seconds, may be waited for the next bytes; None for the first."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise NoMoreData(bytes(buf))
        return None if left == math.inf else left


def install() -> None:
    """Have gunicorn read every head in these bounds."""
    RequestParser.mesg_class = BoundedRequest
