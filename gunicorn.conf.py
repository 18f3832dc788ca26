"""The configuration of gunicorn, which reads this file if it starts in this folder.

Options on gunicorn's command line win. gunicorn itself reads WEB_CONCURRENCY, the number of workers. Import only
`chat.server` here: psycopg chooses how to wait when it is imported, and gevent patches later.
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
    """Read a number from 0 to `most`, else return the default: the app refuses to start with a wrong one."""
    with contextlib.suppress(ValueError):
        value = float(os.environ.get(name, ""))
        return value if 0 <= value <= most else default
    return default


def refuse_preloading() -> None:
    """Exit if gunicorn must load the app before it forks: the app's threads would not run in the workers.

    Render sets GUNICORN_CMD_ARGS to that for every Python service.
    """
    if "--preload" in [*sys.argv, *os.environ.get("GUNICORN_CMD_ARGS", "").split()]:
        exits.refuse(
            "Rivulet can't start with --preload. Put `GUNICORN_CMD_ARGS=` before gunicorn in the start command."
        )


refuse_preloading()
bind = sockets.bind_address(os.environ.get("HOST", "").strip() or "127.0.0.1", int(number("PORT", 8000, 65_535)))
worker_class = "gevent"
worker_connections = 10_000
# Seconds between two requests of a connection. The first byte of the headers must arrive within that, too.
keepalive = 5
# A worker sends no heartbeat while it starts, and an upgrade of the database can wait a minute.
timeout = 120
graceful_timeout = math.ceil(number("DRAIN_SECONDS", 4, 3_600)) + 4
loglevel = "warning"
accesslog = None
control_socket_disable = True
# The app decides which proxies to trust (TRUSTED_PROXIES). gunicorn would trust anybody on this machine or on a Unix
# socket, and with FORWARDED_ALLOW_IPS=*, as Heroku sets it, the whole world.
forwarded_allow_ips = forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

# The metrics of all workers. They outlive each worker, and end with the server.
counts = mmap.mmap(-1, 1024 * 1024)


def on_starting(server: Any) -> None:
    sockets.allow_open_files(2 * worker_connections + 1_000)
    server.log.error_log.addFilter(is_news)
    # gunicorn exits with 3 for any error at a worker's start, and with 4 for a command that names no app.
    server.WORKER_BOOT_ERROR, server.APP_LOAD_ERROR = exits.START_BROKE, exits.CANNOT_START
    server.halt = partial(halt_once, server, server.halt)
    if server.cfg.workers < 1:
        exits.refuse("WEB_CONCURRENCY must be at least 1: it is the number of worker processes.")
    on_reload(server)
    if not server.master_pid and "LISTEN_FDS" not in os.environ:
        for address in server.cfg.address:
            sockets.check_address(address)


def halt_once(server: Any, halt: Any, *reason: Any, **more: Any) -> None:
    """Halt when the first worker can't start; gunicorn would fail on the next one, and exit with 1."""
    server.WORKER_BOOT_ERROR = server.APP_LOAD_ERROR = -1
    halt(*reason, **more)


def on_reload(server: Any) -> None:
    """Write gunicorn's log as JSON if the app's log is JSON."""
    if os.environ.get("LOG_FORMAT", "").strip().lower() == "json":
        from chat.server.logs import Json

        for handler in server.log.error_log.handlers:
            handler.setFormatter(Json())


def is_news(record: logging.LogRecord) -> bool:
    """Keep lines out of gunicorn's log: an app that can't start says why itself, and a lost reader is no error."""
    boot_failure = isinstance(record.args, tuple) and record.args[-1:] == (exits.CANNOT_START,)
    gone_reader = record.exc_info is not None and isinstance(record.exc_info[1], TimeoutError)
    return not (boot_failure or gone_reader or record.msg in {"Shutting down: %s", "Reason: %s"})


def pre_fork(server: Any, worker: Any) -> None:
    """Give a worker the first row of the counts that no living worker has."""
    taken = {getattr(other, "row", None) for other in server.WORKERS.values()}
    worker.row = next(row for row in range(len(taken) + 1) if row not in taken)


def post_fork(server: Any, worker: Any) -> None:
    gc.disable()  # until the app is loaded: what loads it makes no garbage that is worth looking for
    worker.answering = 0
    request_heads.install()
    if worker.age > server.num_workers:
        os.environ["RIVULET_REPLACES_WORKER"] = "1"
    if host := sockets.public_host(worker.sockets):
        os.environ["HOST"] = host
    for listener in worker.sockets:
        sockets.drop_stalled_readers(listener)


def post_worker_init(worker: Any) -> None:
    """Start the drain, and print the app's URLs; the first worker speaks for all."""
    # The hundred thousand objects of the start stay, so the collector needn't look at them during requests.
    gc.collect()
    gc.freeze()
    gc.enable()
    # Ctrl+C reaches the master and the workers. The master stops them, so they ignore the signal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.doors = [listener.dup() for listener in worker.sockets]
    state = getattr(worker.app.callable, "extensions", {}).get("rivulet")  # the smallest app of the bench has none
    under = getattr(worker.app.callable, "config", {}).get("APPLICATION_ROOT", "").rstrip("/")
    if state:
        state.metrics.board.share(counts, worker.row)
        arguments = (worker, state.replies, number("DRAIN_SECONDS", 4, 3_600))
        worker.draining = threading.Thread(target=shutdown.drain_and_exit, args=arguments, name="draining", daemon=True)
        worker.draining.start()
    # The app has read it. gunicorn would refuse addresses without it, which proxies send that remove the path.
    os.environ.pop("SCRIPT_NAME", None)
    if worker.age == 1:
        warn(state.warnings if state else [])
        if state and state.startup:
            state.startup.tell(warn)
        for listener in worker.sockets:
            say(f"Rivulet is at {sockets.url_of(listener.getsockname())}{under} (Ctrl+C stops it).", sys.stdout)


def warn(warnings: list[str]) -> None:
    for warning in warnings:
        say(f"\n!!! {warning}\n", sys.stderr)


def pre_request(worker: Any, request: Any) -> None:
    worker.answering += 1


def post_request(worker: Any, request: Any, environ: Any, response: Any) -> None:
    """Close a connection whose body was not read to its end; gunicorn would read the rest, however long."""
    worker.answering -= 1
    if environ.get(sockets.UNREAD_BODY):
        request.force_close()


def worker_exit(server: Any, worker: Any) -> None:
    """Wait for the drain: gunicorn knows of requests, but not of replies that are still running."""
    worker.alive = False  # gunicorn doesn't tell a worker whose master died, and it would hold the port for ever
    if thread := getattr(worker, "draining", None):
        thread.join()
    drop_broken_streams()


def on_exit(server: Any) -> None:
    drop_broken_streams()


def when_ready(server: Any) -> None:
    """Stop on SIGINT, which Fly sends, as on SIGTERM; gunicorn would drop open requests."""
    signal.signal(signal.SIGINT, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
