"""How gunicorn serves Rivulet; it reads this file by itself when started in this folder.

What is set on gunicorn's command line wins over it; WEB_CONCURRENCY, the number of workers, gunicorn reads itself.
Nothing of `chat` is imported here but the form of the log: psycopg decides how it waits when it is imported, and gevent
comes later.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import ipaddress
import logging
import math
import mmap
import os
import resource
import signal
import socket
import sys
import threading
import time
from typing import Any


def number(name: str, default: float, most: float) -> float:
    """Read a number from 0 to `most`; the app refuses, in a sentence, to start with what can't be read here."""
    with contextlib.suppress(ValueError):
        value = float(os.environ.get(name, ""))
        return value if 0 <= value <= most else default
    return default


def bind_to(host: str, port: int) -> str:
    """Write an address as gunicorn reads it, which wants brackets around an IPv6 address."""
    return f"[{host.strip('[]')}]:{port}" if ":" in host else f"{host}:{port}"


def refuse_preloading() -> None:
    """End where gunicorn is to load the app before its workers, in which nothing of it would run.

    Render sets GUNICORN_CMD_ARGS to do so for every Python service.
    """
    if "--preload" in [*sys.argv, *os.environ.get("GUNICORN_CMD_ARGS", "").split()]:
        sys.exit("Rivulet can't start with --preload. Put `GUNICORN_CMD_ARGS=` before gunicorn in the start command.")


refuse_preloading()
bind = bind_to(os.environ.get("HOST", "").strip() or "127.0.0.1", int(number("PORT", 8000, 65_535)))
worker_class = "gevent"
worker_connections = 10_000
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
    allow_open_files(2 * worker_connections + 1_000)
    server.log.error_log.addFilter(is_news)
    if server.cfg.workers < 1:
        refuse("WEB_CONCURRENCY is how many worker processes serve: 1 or more.")
    on_reload(server)
    if not server.master_pid and "LISTEN_FDS" not in os.environ:
        for address in server.cfg.address:
            refuse_if_taken(address)


def on_reload(server: Any) -> None:
    """Write gunicorn's own log as the app writes its own, where that is for programs."""
    if os.environ.get("LOG_FORMAT", "").strip().lower() == "json":
        from chat.reporting import Json

        for handler in server.log.error_log.handlers:
            handler.setFormatter(Json())


def allow_open_files(count: int) -> None:
    """Raise the soft limit of open files as far as this process may: an answer on its way takes two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def is_news(record: logging.LogRecord) -> bool:
    """Tell whether a line of gunicorn's log says more than is known.

    An app that can't start says why itself (and exits with 3), and that a reader went away is no error.
    """
    boot_failure = isinstance(record.args, tuple) and record.args[-1:] == (3,)
    gone_reader = record.exc_info is not None and isinstance(record.exc_info[1], TimeoutError)
    return not (boot_failure or gone_reader or record.msg in {"Shutting down: %s", "Reason: %s"})


def refuse_if_taken(address: Any) -> None:
    """End with one sentence when an address can't be listened on; gunicorn would try five times and write a page."""
    if not isinstance(address, tuple):
        return
    with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            refuse(refusal(address, error))


def refuse(sentence: str) -> None:
    """Say why there is no start, and end."""
    print(sentence, file=sys.stderr)
    sys.exit(1)


def refusal(address: tuple[str, int], error: OSError) -> str:
    """Say why an address can't be had and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {address[1]} is taken by another program. Stop that, or take another port: bin/run --port 8001"
    return f"Rivulet can't listen on {bind_to(*address)} ({error.strerror}). Set HOST and PORT to others."


def pre_fork(server: Any, worker: Any) -> None:
    """Give a worker the first row of the counts that none has who lives."""
    taken = {getattr(other, "row", None) for other in server.WORKERS.values()}
    worker.row = next(row for row in range(len(taken) + 1) if row not in taken)


def post_fork(server: Any, worker: Any) -> None:
    """Prepare a worker, before it loads the app."""
    worker.answering = 0
    report_host(worker.sockets)
    for listener in worker.sockets:
        drop_readers_who_stall(listener)


def report_host(listeners: list[Any]) -> None:
    """Set HOST to what is really listened on where that is beyond loopback, as by `gunicorn -b 0.0.0.0:8000`."""
    names = [listener.getsockname() for listener in listeners]
    hosts = [name[0] for name in names if isinstance(name, tuple)]
    widest = max(hosts, key=reach, default="127.0.0.1")
    if not ipaddress.ip_address(widest).is_loopback:
        os.environ["HOST"] = widest


def reach(host: str) -> tuple[bool, bool, bool]:
    """Order addresses by how many can reach them: this machine, its network, the world, and all of these."""
    address = ipaddress.ip_address(host)
    return address.is_unspecified, address.is_global, not address.is_loopback


def drop_readers_who_stall(listener: Any) -> None:
    """Have the kernel (Linux) end connections whose other end takes nothing for 30 s: they hold a greenlet each."""
    if listener.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)


def post_worker_init(worker: Any) -> None:
    """Say where the app is once it is there; the first worker speaks for all."""
    # What a start leaves stays: the collector need not look at its hundred thousand objects again, in mid-answer.
    gc.collect()
    gc.freeze()
    # A terminal's Ctrl+C reaches the workers as well as the master, which tells them to stop: once is enough.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.doors = [listener.dup() for listener in worker.sockets]
    extensions = getattr(worker.app.callable, "extensions", {})
    if metrics := extensions.get("metrics"):
        metrics.share(counts, worker.row)
    if replies := extensions.get("replies"):
        worker.leaving = threading.Thread(target=leave_in_time, args=(worker, replies), name="leaving", daemon=True)
        worker.leaving.start()
    if worker.age == 1:
        for warning in extensions.get("warnings", []):
            print(f"\n!!! {warning}\n", file=sys.stderr, flush=True)
        for listener in worker.sockets:
            print(f"Rivulet is at {url_of(listener.getsockname())} (Ctrl+C stops it).", flush=True)


def leave_in_time(worker: Any, replies: Any) -> None:
    """Wait until the worker is told to stop, let answers run for DRAIN_SECONDS, leave the rest to others, and end.

    gunicorn itself would wait for streams until graceful_timeout and then drop them, and an idle connection would hold
    it as long as its keep-alive. It listens for up to a second more, and what comes by then is answered, too.
    """
    while worker.alive:
        time.sleep(0.1)
    threading.Thread(target=let_in, args=(worker,), name="doors", daemon=True).start()
    replies.leave(number("DRAIN_SECONDS", 4, 3_600), lambda: is_open(worker.doors))
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


def let_in(worker: Any) -> None:
    """Answer who still waits to be let in when gunicorn stops listening: the kernel would reset their connections."""
    while is_open(worker.sockets):
        time.sleep(0.01)
    for door in worker.doors:
        door.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                threading.Thread(target=worker.handle, args=(door, *door.accept()), daemon=True).start()
        door.close()


def pre_request(worker: Any, request: Any) -> None:
    """Count what the worker is answering."""
    worker.answering += 1


def post_request(worker: Any, request: Any, environ: Any, response: Any) -> None:
    """Count what the worker is answering."""
    worker.answering -= 1


def worker_exit(server: Any, worker: Any) -> None:
    """Wait for the leaving where gunicorn is done first: it knows of requests, not of answers being written."""
    if leaving := getattr(worker, "leaving", None):
        leaving.join()


def when_ready(server: Any) -> None:
    """Stop as gently on SIGINT, which Fly sends, as on SIGTERM: gunicorn's own way with it is the quick one."""
    signal.signal(signal.SIGINT, lambda *_: os.kill(os.getpid(), signal.SIGTERM))


def url_of(name: Any) -> str:
    """Write the name of a socket as an address to type."""
    return f"http://{bind_to(*name[:2])}" if isinstance(name, tuple) else f"unix:{name}"
