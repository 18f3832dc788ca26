"""Bounds on the size and time of request headers. gunicorn alone accepts 800 KB."""

from __future__ import annotations

import math
import time
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, NoMoreData
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser

LARGEST = 32 * 1024
"""How many bytes of headers to accept; nginx accepts as many."""

SECONDS = 30.0
"""How many seconds all headers can take after their first byte; gunicorn's `keepalive` bounds the wait for that."""


class BoundedRequest(Request):
    """A request with bounded headers."""

    _end = math.inf

    def read_into(self, unreader: Any, buf: bytearray, stop: bool = False) -> None:
        """Read on. Raise LimitRequestHeaders if the headers are too large, NoMoreData if they are too slow."""
        if len(buf) > LARGEST:
            raise LimitRequestHeaders(f"request headers of more than {LARGEST} bytes")
        left = self._end - time.monotonic()
        if left <= 0:
            raise NoMoreData(bytes(buf))
        unreader.sock.settimeout(None if left == math.inf else left)
        try:
            super().read_into(unreader, buf, stop)
        except TimeoutError:
            raise NoMoreData(bytes(buf)) from None
        finally:
            unreader.sock.settimeout(None)
        if self._end == math.inf:
            self._end = time.monotonic() + SECONDS


def install() -> None:
    RequestParser.mesg_class = BoundedRequest
