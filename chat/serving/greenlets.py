"""Greenlets in the place of threads, where gevent serves; it is imported nowhere else."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from math import inf


def is_under_gevent() -> bool:
    """Tell whether threads are greenlets here."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("threading")


def at_most(seconds: float, error: BaseException) -> AbstractContextManager[object]:
    """Raise an error in a block that waits for longer; only under gevent, as nothing ends the wait of a thread."""
    if not is_under_gevent() or seconds == inf:
        return nullcontext()
    from gevent import Timeout

    return Timeout(seconds, error)
