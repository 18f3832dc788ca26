"""What a server listens on: addresses, sockets and open files."""

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
"""Where the environ of a request says that there may be more of its body: its connection is to end, not to be read."""

CODES = {errno.EADDRINUSE: exits.PORT_TAKEN, errno.EADDRNOTAVAIL: exits.NOT_YET, socket.EAI_AGAIN: exits.NOT_YET}
"""The exit code by why an address can't be had: another program has it, or the network isn't up."""

PATIENCE = 3.0
"""How long a port is waited for, in seconds: a server that is leaving listens for a second or two."""


def bind_address(host: str, port: int) -> str:
    """Write an address as gunicorn reads it, which wants brackets around an IPv6 address."""
    return f"[{host.strip('[]')}]:{port}" if ":" in host else f"{host}:{port}"


def allow_open_files(count: int) -> None:
    """Raise the soft limit of open files as far as this process may: an answer on its way takes two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def check_address(address: Any) -> None:
    """End with one sentence when an address can't be listened on; gunicorn would try five times and write a page."""
    until = time.monotonic() + PATIENCE
    while isinstance(address, tuple) and (error := bind_error(address)):
        if error.errno != errno.EADDRINUSE or time.monotonic() >= until:
            exits.refuse(refusal(address, error), CODES.get(error.errno or 0, exits.CANNOT_START))
        time.sleep(0.1)


def bind_error(address: tuple[str, int]) -> OSError | None:
    """Tell why an address can't be listened on; None where it can."""
    with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            return error
    return None


def refusal(address: tuple[str, int], error: OSError) -> str:
    """Say why an address can't be had and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {address[1]} is taken by another program. Stop that, or take another port: bin/run --port 8001"
    return f"Rivulet can't listen on {bind_address(*address)} ({error.strerror}). Set HOST and PORT to others."


def public_host(listeners: list[Any]) -> str | None:
    """Name the host that is really listened on where that is beyond loopback, as by `gunicorn -b 0.0.0.0:8000`."""
    names = [listener.getsockname() for listener in listeners]
    hosts = [name[0] for name in names if isinstance(name, tuple)]
    widest = max(hosts, key=reach, default="127.0.0.1")
    return None if ipaddress.ip_address(widest).is_loopback else widest


def reach(host: str) -> tuple[bool, bool, bool]:
    """Order addresses by how many can reach them: this machine, its network, the world, and all of these."""
    address = ipaddress.ip_address(host)
    return address.is_unspecified, address.is_global, not address.is_loopback


def drop_stalled_readers(listener: Any) -> None:
    """Have the kernel (Linux) end connections whose other end takes nothing for 30 s: they hold a greenlet each."""
    if listener.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)


def url_of(name: Any) -> str:
    """Write the name of a socket as an address to type."""
    return f"http://{bind_address(*name[:2])}" if isinstance(name, tuple) else f"unix:{name}"
