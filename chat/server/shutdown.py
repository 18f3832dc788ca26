"""The end of a worker: finish open requests, and hand unfinished replies to other workers."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import Any


def drain_and_exit(worker: Any, replies: Any, patience: float) -> None:
    """Wait until the worker must stop, let replies run for `patience` seconds, hand over the rest, and exit.

    gunicorn would wait for streams until graceful_timeout and then drop them, and for idle connections as long as their
    keep-alive. It listens for up to a second more, so answer those requests, too.
    """
    while worker.alive:
        time.sleep(0.1)
    threading.Thread(target=accept_waiting, args=(worker,), name="doors", daemon=True).start()
    replies.drain(patience, lambda: is_open(worker.doors))
    deadline = time.monotonic() + 3
    while is_open(worker.doors) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)  # for the last connections, and the last words of streams
    while worker.answering and time.monotonic() < deadline:
        time.sleep(0.02)
    os._exit(0)


def is_open(listeners: list[Any]) -> bool:
    return any(listener.fileno() >= 0 for listener in listeners)


def accept_waiting(worker: Any) -> None:
    """Accept connections that wait when gunicorn stops listening; the kernel would reset them."""
    while is_open(worker.sockets):
        time.sleep(0.01)
    for door in worker.doors:
        door.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                threading.Thread(target=worker.handle, args=(door, *door.accept()), daemon=True).start()
        door.close()
