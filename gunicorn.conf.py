"""How gunicorn serves Rivulet; it reads this file by itself when started in this folder.

What is set on gunicorn's command line wins over it; WEB_CONCURRENCY, the number of workers, gunicorn reads itself.
Of `chat` only what imports nothing but gunicorn is imported here: psycopg decides how it waits when it is imported, and
gevent comes later.
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
    """Read a number from 0 to `most`; the app refuses, in a sentence, to start with what can't be read here."""
    with contextlib.suppress(ValueError):
        value = float(os.environ.get(name, ""))
        return value if 0 <= value <= most else default
    return default


def refuse_preloading() -> None:
    """End where gunicorn is to load the app before its workers, in which nothing of it would run.

    Render sets GUNICORN_CMD_ARGS to do so for every Python service.
    """
    if "--preload" in [*sys.argv, *os.environ.get("GUNICORN_CMD_ARGS", "").split()]:
        exits.refuse(
            "Rivulet can't start with --preload. Put `GUNICORN_CMD_ARGS=` before gunicorn in the start command."
        )


refuse_preloading()
bind = sockets.bind_address(os.environ.get("HOST", "").strip() or "127.0.0.1", int(number("PORT", 8000, 65_535)))
worker_class = "gevent"
worker_connections = 10_000
# How long a connection may wait for its next request; a head has to arrive within that, too, and as heads.py says.
keepalive = 5
# A worker gives no sign of life while it starts, and bringing the database up to date may wait a minute.
timeout = 120
graceful_timeout = math.ceil(number("DRAIN_SECONDS", 4, 3_600)) + 4
loglevel = "warning"
accesslog = None
control_socket_disable = True
# Whom to believe about a request is for the app to say (TRUSTED_PROXIES). gunicorn would believe anyone on this machine
# or on a Unix socket, and with FORWARDED_ALLOW_IPS=*, as Heroku sets it, the whole world.
forwarded_allow_ips = forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

# What workers count: it outlives each of them, and ends with the server.
counts = mmap.mmap(-1, 1024 * 1024)


def on_starting(server: Any) -> None:
    """Prepare the master process, before it listens."""
    sockets.allow_open_files(2 * worker_connections + 1_000)
    server.log.error_log.addFilter(is_news)
    # gunicorn's own codes: 3 for any error at a worker's start, 4 for a command that names no app. Both end the server.
    server.WORKER_BOOT_ERROR, server.APP_LOAD_ERROR = exits.START_BROKE, exits.CANNOT_START
    server.halt = partial(halt_once, server, server.halt)
    if server.cfg.workers < 1:
        exits.refuse("WEB_CONCURRENCY is how many worker processes serve: 1 or more.")
    on_reload(server)
    if not server.master_pid and "LISTEN_FDS" not in os.environ:
        for address in server.cfg.address:
            sockets.check_address(address)


def halt_once(server: Any, halt: Any, *reason: Any, **more: Any) -> None:
    """Halt the server by the first worker that can't start: gunicorn would break on the next one, and exit with 1."""
    server.WORKER_BOOT_ERROR = server.APP_LOAD_ERROR = -1
    halt(*reason, **more)


def on_reload(server: Any) -> None:
    """Write gunicorn's own log as the app writes its own, where that is for programs."""
    if os.environ.get("LOG_FORMAT", "").strip().lower() == "json":
        from chat.server.logs import Json

        for handler in server.log.error_log.handlers:
            handler.setFormatter(Json())


def is_news(record: logging.LogRecord) -> bool:
    """Tell whether a line of gunicorn's log says more than is known.

    An app that can't start says why itself (and exits with 3), and that a reader went away is no error.
    """
    boot_failure = isinstance(record.args, tuple) and record.args[-1:] == (exits.CANNOT_START,)
    gone_reader = record.exc_info is not None and isinstance(record.exc_info[1], TimeoutError)
    return not (boot_failure or gone_reader or record.msg in {"Shutting down: %s", "Reason: %s"})


def pre_fork(server: Any, worker: Any) -> None:
    """Give a worker the first row of the counts that none has who lives."""
    taken = {getattr(other, "row", None) for other in server.WORKERS.values()}
    worker.row = next(row for row in range(len(taken) + 1) if row not in taken)


def post_fork(server: Any, worker: Any) -> None:
    """Prepare a worker, before it loads the app."""
    worker.answering = 0
    request_heads.install()
    if worker.age > server.num_workers:
        os.environ["RIVULET_REPLACES_WORKER"] = "1"
    if host := sockets.public_host(worker.sockets):
        os.environ["HOST"] = host
    for listener in worker.sockets:
        sockets.drop_stalled_readers(listener)


def post_worker_init(worker: Any) -> None:
    """Say where the app is once it is there; the first worker speaks for all."""
    # What a start leaves stays: the collector need not look at its hundred thousand objects again, in mid-answer.
    gc.collect()
    gc.freeze()
    # A terminal's Ctrl+C reaches the workers as well as the master, which tells them to stop: once is enough.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.doors = [listener.dup() for listener in worker.sockets]
    state = getattr(worker.app.callable, "extensions", {}).get("rivulet")  # the bench's floor has none
    under = getattr(worker.app.callable, "config", {}).get("APPLICATION_ROOT", "").rstrip("/")
    if state:
        state.metrics.board.share(counts, worker.row)
        arguments = (worker, state.replies, number("DRAIN_SECONDS", 4, 3_600))
        worker.draining = threading.Thread(target=shutdown.drain_and_exit, args=arguments, name="draining", daemon=True)
        worker.draining.start()
    # The app has read it, and knows both ways of proxies; gunicorn would refuse addresses that don't begin with it.
    os.environ.pop("SCRIPT_NAME", None)
    if worker.age == 1:
        warn(state.warnings if state else [])
        if state and state.startup:
            state.startup.tell(warn)
        for listener in worker.sockets:
            say(f"Rivulet is at {sockets.url_of(listener.getsockname())}{under} (Ctrl+C stops it).", sys.stdout)


def warn(warnings: list[str]) -> None:
    """Say what the person who set this up has to know."""
    for warning in warnings:
        say(f"\n!!! {warning}\n", sys.stderr)


def pre_request(worker: Any, request: Any) -> None:
    """Count what the worker is answering."""
    worker.answering += 1


def post_request(worker: Any, request: Any, environ: Any, response: Any) -> None:
    """Count what the worker is answering; end a connection on which a body was not read to its end.

    gunicorn would read the rest of it, as long as it comes.
    """
    worker.answering -= 1
    if environ.get(sockets.UNREAD_BODY):
        request.force_close()


def worker_exit(server: Any, worker: Any) -> None:
    """Wait for the drain where gunicorn is done first: it knows of requests, not of answers being written."""
    worker.alive = False  # gunicorn doesn't say so to a worker whose master died, which would hold the port for ever
    if thread := getattr(worker, "draining", None):
        thread.join()
    drop_broken_streams()


def on_exit(server: Any) -> None:
    """End with the code that the server means, though nobody can hear it."""
    drop_broken_streams()


def when_ready(server: Any) -> None:
    """Stop as gently on SIGINT, which Fly sends, as on SIGTERM: gunicorn's own way with it is the quick one."""
    signal.signal(signal.SIGINT, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
