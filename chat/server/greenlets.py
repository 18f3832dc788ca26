"""Greenlets, if gevent serves. No other module imports gevent."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from math import inf
from typing import TypeVar

T = TypeVar("T")

YIELD_SECONDS = 0.0001
"""How many seconds to sleep so that others run. A sleep of 0 keeps gevent from looking for new events."""

SLICE_SECONDS = 0.02
"""How many seconds long work runs at a time."""


class TimeSlice:
    """Long work that lets others run in between."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def give_way(self) -> None:
        if time.monotonic() - self._since >= SLICE_SECONDS:
            time.sleep(YIELD_SECONDS)
            self._since = time.monotonic()


def is_under_gevent() -> bool:
    """Return whether threads are greenlets here."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("threading")


def limit_time(seconds: float, error: BaseException) -> AbstractContextManager[object]:
    """Raise an error in a block that waits longer; only under gevent, because nothing ends the wait of a thread."""
    if not is_under_gevent() or seconds == inf:
        return nullcontext()
    from gevent import Timeout

    timeout: AbstractContextManager[object] = Timeout(seconds, error)
    return timeout


def run_in_thread(work: Callable[[], T]) -> T:
    """Do long work in a thread of gevent's, so that greenlets run meanwhile; without gevent, do it in place.

    The call can wait, so don't make it inside a transaction. The work can't use the database.
    """
    if not is_under_gevent():
        return work()
    from gevent import get_hub

    result: T = get_hub().threadpool.apply(work)
    return result
