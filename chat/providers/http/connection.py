"""The connection of a request: its reads end in time, and it can be cut from anywhere, at every stage.

requests gives a response only with its head, and a server may send its head as late as its first word. So the socket is
taken from the connection itself, as soon as there is one.
"""

from __future__ import annotations

import functools
import io
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from chat.providers.base import Timeouts
from chat.providers.http import certificates


class Wire:
    """The time limits of a request, whichever socket it has, and the switch that cuts it.

    `connected` tells whether this attempt reached the server, `begun` (set by the reader) whether a byte of the body
    came, `late` names the limit that was passed: `first`, `gap` or `whole`; `gap` may be shortened while it is read.
    `gathering`, asked before each further read, tells how long in seconds its bytes may gather.
    """

    def __init__(self, timeouts: Timeouts):
        self.timeouts = timeouts
        self.gathering: Callable[[], float] = float
        self.closing = threading.Event()
        self.start()

    def start(self) -> None:
        """Set the clock of the whole request, and of its first attempt."""
        self._deadline = time.monotonic() + self.timeouts.whole
        self.attempt()

    def attempt(self) -> None:
        """Set the clock of one attempt, which has no socket yet. Raises OSError when cut."""
        self._refuse_if_cut()
        self.connected = self.begun = False
        self.late: str | None = None
        self.gap = self.timeouts.gap
        self._socket: socket.socket | None = None
        self._first = time.monotonic() + self.timeouts.first
        self._end = self._deadline

    def hurry(self, seconds: float) -> None:
        """Let this attempt end within so many seconds: what still comes is not worth more."""
        self._end = min(self._end, time.monotonic() + seconds)

    def attach(self, connected: socket.socket) -> None:
        """Take the socket of this attempt. Raises OSError where the wire was cut meanwhile."""
        self._socket = connected
        self.connected = True
        self._refuse_if_cut()

    def patience(self) -> tuple[float, str]:
        """Return the seconds that the next read may take, and the limit that says so. Raises OSError when cut."""
        self._refuse_if_cut()
        now = time.monotonic()
        stage = (self.gap, "gap") if self.begun else (self._first - now, "first")
        return min(stage, (self._end - now, "whole"))

    def _refuse_if_cut(self) -> None:
        if self.closing.is_set():
            raise ConnectionAbortedError

    def cut(self) -> None:
        """Let go of the server at once, from any thread or greenlet; a read that waits wakes up.

        Closing a socket doesn't wake a thread that reads from it, shutting it down does. TLS's own shutdown would take
        the encryption off under the reader, so it is passed over.
        """
        self.closing.set()
        if (connected := self._socket) is not None:
            with suppress(OSError, TypeError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)


class WireAdapter(HTTPAdapter):
    """What requests sends through, for one wire."""

    def __init__(self, wire: Wire):
        self._wire = wire
        super().__init__()

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Give the pool whose connections are held by the wire."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        connection = SecureConnection if pool.scheme == "https" else PlainConnection
        pool.ConnectionCls = functools.partial(connection, self._wire)
        return pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Check certificates as requests would, but read the file of authorities once: it takes 40 ms each time."""
        # types-requests leaves the types of this one out.
        super().cert_verify(conn, url, certificates.chosen_or(verify), cert)  # type: ignore[no-untyped-call]
        if bundle := getattr(conn, "ca_certs", None) or getattr(conn, "ca_cert_dir", None):
            conn.conn_kw["ssl_context"] = certificates.trusting(bundle)
            conn.ca_certs = conn.ca_cert_dir = None


class PlainConnection(HTTPConnection):
    """A connection that hands its socket to a wire and reads at the wire's pace."""

    def __init__(self, wire: Wire, *arguments: Any, **options: Any):
        self._wire = wire
        super().__init__(*arguments, **options)

    def connect(self) -> None:
        """Connect, and let the wire hold the socket."""
        super().connect()
        self._wire.attach(self.sock)

    def response_class(self, sock: socket.socket, *arguments: Any, **options: Any) -> Any:  # type: ignore[override]
        """Make the standard library's response, reading at the wire's pace from its first byte."""
        response = super().response_class(sock, *arguments, **options)
        response.fp = io.BufferedReader(PacedReader(response.fp.detach(), sock, self._wire))
        return response


class SecureConnection(PlainConnection, HTTPSConnection):
    """The same over TLS."""


class PacedReader(io.RawIOBase):
    """The bytes of a socket, each read of them within the wire's patience."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, wire: Wire):
        self._raw, self._socket, self._wire = raw, sock, wire

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Wait for bytes. Raises the socket's own errors, TimeoutError past a limit."""
        if self._wire.begun and (pause := self._wire.gathering()):
            time.sleep(pause)
        seconds, limit = self._wire.patience()
        try:
            if seconds <= 0:
                raise TimeoutError
            self._socket.settimeout(seconds)
            count = self._raw.readinto(buffer)
        except TimeoutError:
            self._wire.late = limit
            raise
        if count == len(buffer):  # there is more: without a wait, a fast server would hold up all others of a process
            time.sleep(0)
        return count

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()
