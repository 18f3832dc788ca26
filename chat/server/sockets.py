"""The server's addresses, sockets and open files."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import resource
import socket
import time
from typing import Any

from chat.server import exits

UNREAD_BODY = "rivulet.unread_body"
"""The environ's key for a body that was not read to its end, so its connection must be closed."""

CODES = {errno.EADDRINUSE: exits.PORT_TAKEN, errno.EADDRNOTAVAIL: exits.NOT_YET, socket.EAI_AGAIN: exits.NOT_YET}
"""Exit codes by why the server can't listen: another program does, or the network isn't up."""

PATIENCE = 3.0
"""How many seconds to wait for a port: a server that stops listens for a second or two."""


def bind_address(host: str, port: int) -> str:
    """Write an address for gunicorn, which needs brackets around IPv6."""
    return f"[{host.strip('[]')}]:{port}" if ":" in host else f"{host}:{port}"


def allow_open_files(count: int) -> None:
    """Raise the soft limit of open files as far as this process can. Each running reply needs two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def check_address(address: Any) -> None:
    """Exit with one sentence if the server can't listen; gunicorn would try five times and write a page."""
    until = time.monotonic() + PATIENCE
    while isinstance(address, tuple) and (error := bind_error(address)):
        if error.errno != errno.EADDRINUSE or time.monotonic() >= until:
            exits.refuse(refusal(address, error), CODES.get(error.errno or 0, exits.CANNOT_START))
        time.sleep(0.1)


def bind_error(address: tuple[str, int]) -> OSError | None:
    with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            return error
    return None


def refusal(address: tuple[str, int], error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {address[1]} is in use. Stop the other program, or choose another port: bin/run --port 8001"
    return f"Can't listen on {bind_address(*address)} ({error.strerror}). Change HOST or PORT."


def public_host(listeners: list[Any]) -> str | None:
    """Return the host that the server listens on if it is beyond loopback, as with `gunicorn -b 0.0.0.0:8000`."""
    names = [listener.getsockname() for listener in listeners]
    hosts = [name[0] for name in names if isinstance(name, tuple)]
    widest = max(hosts, key=reach, default="127.0.0.1")
    return None if ipaddress.ip_address(widest).is_loopback else widest


def reach(host: str) -> tuple[bool, bool, bool]:
    """Rank an address by who can reach it: this machine, its network, the world, or all of these."""
    address = ipaddress.ip_address(host)
    return address.is_unspecified, address.is_global, not address.is_loopback


def drop_stalled_readers(listener: Any) -> None:
    """Make the Linux kernel drop connections whose peer reads nothing for 30 s: each holds a greenlet."""
    if listener.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)


def url_of(name: Any) -> str:
    """Write the name of a socket as a URL to type."""
    return f"http://{bind_address(*name[:2])}" if isinstance(name, tuple) else f"unix:{name}"
