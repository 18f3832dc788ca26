"""Configure gunicorn, which reads this file when it starts in this folder.

The command line wins over this file; gunicorn itself reads WEB_CONCURRENCY, the number of workers. This file imports
only parts of `chat` that import nothing but gunicorn. The reason is psycopg: it chooses how to wait when it is
imported, and gevent patches the standard library later.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import math
import mmap
import os
import signal
import sys
import threading
from functools import partial
from typing import Any

from chat.server import exits, request_heads, shutdown, sockets
from chat.server.console import drop_broken_streams, say


def number(name: str, default: float, most: float) -> float:
    """Read a number from 0 to `most`; if it is invalid, return the default and leave the error to the app."""
    with contextlib.suppress(ValueError):
        value = float(os.environ.get(name, ""))
        return value if 0 <= value <= most else default
    return default


def refuse_preloading() -> None:
    """Exit if gunicorn would load the app before it forks: the app's threads would not run in the workers.

    Render sets GUNICORN_CMD_ARGS to --preload for every Python service.
    """
    if "--preload" in [*sys.argv, *os.environ.get("GUNICORN_CMD_ARGS", "").split()]:
        exits.refuse(
            "Rivulet can't start with --preload. Put `GUNICORN_CMD_ARGS=` before gunicorn in the start command."
        )


refuse_preloading()
bind = sockets.bind_address(os.environ.get("HOST", "").strip() or "127.0.0.1", int(number("PORT", 8000, 65_535)))
worker_class = "gevent"
worker_connections = 10_000
# How long a connection may wait for its next request. Request headers must arrive within that time, too; see
# chat/server/request_heads.py.
keepalive = 5
# A worker sends no heartbeat while it starts, and upgrading the database can take a minute.
timeout = 120
graceful_timeout = math.ceil(number("DRAIN_SECONDS", 4, 3_600)) + 4
loglevel = "warning"
accesslog = None
control_socket_disable = True
# The app decides which proxies to trust (TRUSTED_PROXIES). gunicorn would trust any client on this machine or a Unix
# socket, and with FORWARDED_ALLOW_IPS=*, as Heroku sets it, every client.
forwarded_allow_ips = forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

# The workers' counters. This memory outlives each worker, and ends with the server.
counts = mmap.mmap(-1, 1024 * 1024)


def on_starting(server: Any) -> None:
    """Prepare the master process before it listens."""
    sockets.allow_open_files(2 * worker_connections + 1_000)
    server.log.error_log.addFilter(is_news)
    # gunicorn's own codes: 3 for any error at a worker's start, 4 for a command that names no app. Both end the server.
    server.WORKER_BOOT_ERROR, server.APP_LOAD_ERROR = exits.START_BROKE, exits.CANNOT_START
    server.halt = partial(halt_once, server, server.halt)
    if server.cfg.workers < 1:
        exits.refuse("WEB_CONCURRENCY can't be less than 1: enter the number of worker processes.")
    on_reload(server)
    if not server.master_pid and "LISTEN_FDS" not in os.environ:
        for address in server.cfg.address:
            sockets.check_address(address)


def halt_once(server: Any, halt: Any, *reason: Any, **more: Any) -> None:
    """Halt the server at the first worker that can't start: at the second, gunicorn would crash and exit with 1."""
    server.WORKER_BOOT_ERROR = server.APP_LOAD_ERROR = -1
    halt(*reason, **more)


def on_reload(server: Any) -> None:
    """Write gunicorn's own log in the app's JSON format if LOG_FORMAT asks for it."""
    if os.environ.get("LOG_FORMAT", "").strip().lower() == "json":
        from chat.server.logs import Json

        for handler in server.log.error_log.handlers:
            handler.setFormatter(Json())


def is_news(record: logging.LogRecord) -> bool:
    """Tell whether a line of gunicorn's log adds anything new.

    An app that can't start prints the reason itself (and exits with 3), and a reader who left is no error.
    """
    boot_failure = isinstance(record.args, tuple) and record.args[-1:] == (exits.CANNOT_START,)
    gone_reader = record.exc_info is not None and isinstance(record.exc_info[1], TimeoutError)
    return not (boot_failure or gone_reader or record.msg in {"Shutting down: %s", "Reason: %s"})


def pre_fork(server: Any, worker: Any) -> None:
    """Give a worker the first row of counters that no live worker has."""
    taken = {getattr(other, "row", None) for other in server.WORKERS.values()}
    worker.row = next(row for row in range(len(taken) + 1) if row not in taken)


def post_fork(server: Any, worker: Any) -> None:
    """Prepare a worker before it loads the app."""
    worker.answering = 0
    request_heads.install()
    if worker.age > server.num_workers:
        os.environ["RIVULET_REPLACES_WORKER"] = "1"
    if host := sockets.public_host(worker.sockets):
        os.environ["HOST"] = host
    for listener in worker.sockets:
        sockets.drop_stalled_readers(listener)


def post_worker_init(worker: Any) -> None:
    """Print the app's address once it has started; only the first worker does."""
    # Objects from the start live for ever, so garbage collection skips these hundred thousand in mid-answer.
    gc.collect()
    gc.freeze()
    # A terminal's Ctrl+C reaches the workers and the master, which tells them to stop. Workers ignore the signal, so
    # that they stop once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.doors = [listener.dup() for listener in worker.sockets]
    state = getattr(worker.app.callable, "extensions", {}).get("rivulet")  # the bench's floor has none
    under = getattr(worker.app.callable, "config", {}).get("APPLICATION_ROOT", "").rstrip("/")
    if state:
        state.metrics.share(counts, worker.row)
        arguments = (worker, state.replies, number("DRAIN_SECONDS", 4, 3_600))
        worker.draining = threading.Thread(target=shutdown.drain_and_exit, args=arguments, name="draining", daemon=True)
        worker.draining.start()
    # The app has read it, and handles both kinds of proxies; gunicorn would refuse addresses without the prefix.
    os.environ.pop("SCRIPT_NAME", None)
    if worker.age == 1:
        warn(state.warnings if state else [])
        if state and state.startup:
            state.startup.tell(warn)
        for listener in worker.sockets:
            say(f"Rivulet is at {sockets.url_of(listener.getsockname())}{under} (Ctrl+C stops it).", sys.stdout)


def warn(warnings: list[str]) -> None:
    """Print warnings for the admin who set up the server."""
    for warning in warnings:
        say(f"\n!!! {warning}\n", sys.stderr)


def pre_request(worker: Any, request: Any) -> None:
    """Count a request that the worker is answering."""
    worker.answering += 1


def post_request(worker: Any, request: Any, environ: Any, response: Any) -> None:
    """Count a finished request; close a connection whose body was not read to its end.

    gunicorn would read the rest of the body, however long it is.
    """
    worker.answering -= 1
    if environ.get(sockets.UNREAD_BODY):
        request.force_close()


def worker_exit(server: Any, worker: Any) -> None:
    """Wait for the drain if gunicorn finishes first: it knows about requests, but not about replies in progress."""
    # gunicorn doesn't tell a worker whose master died, and the worker would hold the port for ever.
    worker.alive = False
    if thread := getattr(worker, "draining", None):
        thread.join()
    drop_broken_streams()


def on_exit(server: Any) -> None:
    """Exit with the server's own code, even if stdout or stderr is closed."""
    drop_broken_streams()


def when_ready(server: Any) -> None:
    """Stop on SIGINT, which Fly sends, as gently as on SIGTERM: gunicorn stops at once on SIGINT."""
    signal.signal(signal.SIGINT, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
