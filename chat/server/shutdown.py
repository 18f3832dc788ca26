"""How a worker ends: nobody who was let in goes without an answer, and what isn't written yet is left to others."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import Any


def drain_and_exit(worker: Any, replies: Any, patience: float) -> None:
    """Wait until the worker is told to stop, let answers run for `patience` seconds, leave the rest to others, and end.

    gunicorn itself would wait for streams until graceful_timeout and then drop them, and an idle connection would hold
    it as long as its keep-alive. It listens for up to a second more, and what comes by then is answered, too.
    """
    while worker.alive:
        time.sleep(0.1)
    threading.Thread(target=accept_waiting, args=(worker,), name="doors", daemon=True).start()
    replies.drain(patience, lambda: is_open(worker.doors))
    deadline = time.monotonic() + 3
    while is_open(worker.doors) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)  # for who was let in last, and for what streams still have to say
    while worker.answering and time.monotonic() < deadline:
        time.sleep(0.02)
    os._exit(0)


def is_open(listeners: list[Any]) -> bool:
    """Tell whether any of some sockets is not closed yet."""
    return any(listener.fileno() >= 0 for listener in listeners)


def accept_waiting(worker: Any) -> None:
    """Answer who still waits to be let in when gunicorn stops listening: the kernel would reset their connections."""
    while is_open(worker.sockets):
        time.sleep(0.01)
    for door in worker.doors:
        door.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                threading.Thread(target=worker.handle, args=(door, *door.accept()), daemon=True).start()
        door.close()
