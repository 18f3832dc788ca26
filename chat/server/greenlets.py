"""Greenlets in the place of threads, where gevent serves; it is imported nowhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from math import inf
from typing import TypeVar

T = TypeVar("T")

YIELD_SECONDS = 0.0001
"""How long, in seconds, others are let go on at least: by a sleep of 0 gevent would look for nothing new."""

SLICE_SECONDS = 0.02
"""How long work that takes long has the processor at a time, in seconds."""


class TimeSlice:
    """Work that takes long, and lets others go on meanwhile."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def give_way(self) -> None:
        """Let others go on where this has had its share."""
        if time.monotonic() - self._since >= SLICE_SECONDS:
            time.sleep(YIELD_SECONDS)
            self._since = time.monotonic()


def is_under_gevent() -> bool:
    """Tell whether threads are greenlets here."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("threading")


def limit_time(seconds: float, error: BaseException) -> AbstractContextManager[object]:
    """Raise an error in a block that waits for longer; only under gevent, as nothing ends the wait of a thread."""
    if not is_under_gevent() or seconds == inf:
        return nullcontext()
    from gevent import Timeout

    timeout: AbstractContextManager[object] = Timeout(seconds, error)
    return timeout


def run_in_thread(work: Callable[[], T]) -> T:
    """Do what takes long in a thread of gevent's where it serves, so that greenlets go on meanwhile; else in place.

    It may wait, so not within a transaction; and the work may ask for no database.
    """
    if not is_under_gevent():
        return work()
    from gevent import get_hub

    result: T = get_hub().threadpool.apply(work)
    return result
