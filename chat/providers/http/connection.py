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


class CancellableConnection:
    """The time limits of a request, whichever socket it has, and the switch that cancels it.

    `connected` tells whether this attempt reached the server, `body_started` (set by the reader) whether a byte of the
    body came. `exceeded` names the limit that was passed: `first_byte`, `read` or `total`. A reader can shorten
    `read_timeout`. `read_pause`, asked before each further read, says for how many seconds bytes can gather.
    """

    def __init__(self, timeouts: Timeouts):
        self.timeouts = timeouts
        self.read_pause: Callable[[], float] = float
        self.cancelled = threading.Event()
        self.start()

    def start(self) -> None:
        """Set the clock of the whole request, and of its first attempt."""
        self._deadline = time.monotonic() + self.timeouts.total
        self.start_attempt()

    def start_attempt(self) -> None:
        """Set the clock of one attempt, which has no socket yet. Raises OSError once it is cancelled."""
        self._require_open()
        self.connected = self.body_started = False
        self.exceeded: str | None = None
        self.read_timeout = self.timeouts.read
        self._socket: socket.socket | None = None
        self._first = time.monotonic() + self.timeouts.first_byte
        self._end = self._deadline

    def limit_rest(self, seconds: float) -> None:
        """Let this attempt end within so many seconds: what still comes is not worth more."""
        self._end = min(self._end, time.monotonic() + seconds)

    def attach(self, connected: socket.socket) -> None:
        """Take the socket of this attempt. Raises OSError where the request was cancelled meanwhile."""
        self._socket = connected
        self.connected = True
        self._require_open()

    def patience(self) -> tuple[float, str]:
        """Return the seconds for the next read, and the name of that limit. Raises OSError once it is cancelled."""
        self._require_open()
        now = time.monotonic()
        stage = (self.read_timeout, "read") if self.body_started else (self._first - now, "first_byte")
        return min(stage, (self._end - now, "total"))

    def _require_open(self) -> None:
        if self.cancelled.is_set():
            raise ConnectionAbortedError

    def cancel(self) -> None:
        """Let go of the server at once, from any thread or greenlet; a read that waits wakes up.

        Closing a socket doesn't wake a thread that reads from it, shutting it down does. TLS's own shutdown would take
        the encryption off under the reader, so it is passed over.
        """
        self.cancelled.set()
        if (connected := self._socket) is not None:
            with suppress(OSError, TypeError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)


class CancellableAdapter(HTTPAdapter):
    """What requests sends through, for one request."""

    def __init__(self, cancellable: CancellableConnection):
        self._cancellable = cancellable
        super().__init__()

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Give the pool, whose connections hand over their sockets."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        connection = SecureConnection if pool.scheme == "https" else PlainConnection
        pool.ConnectionCls = functools.partial(connection, self._cancellable)
        return pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Check certificates as requests would, but read the file of authorities once: it takes 40 ms each time."""
        # types-requests leaves the types of this one out.
        super().cert_verify(conn, url, certificates.bundle_or(verify), cert)  # type: ignore[no-untyped-call]
        if bundle := getattr(conn, "ca_certs", None) or getattr(conn, "ca_cert_dir", None):
            conn.conn_kw["ssl_context"] = certificates.tls_context(bundle)
            conn.ca_certs = conn.ca_cert_dir = None


class PlainConnection(HTTPConnection):
    """A connection that hands its socket over and reads within the time limits."""

    def __init__(self, cancellable: CancellableConnection, *arguments: Any, **options: Any):
        self._cancellable = cancellable
        super().__init__(*arguments, **options)

    def connect(self) -> None:
        """Connect, and hand the socket over."""
        super().connect()
        self._cancellable.attach(self.sock)

    def response_class(self, sock: socket.socket, *arguments: Any, **options: Any) -> Any:  # type: ignore[override]
        """Make the standard library's response, reading within the time limits from its first byte."""
        response = super().response_class(sock, *arguments, **options)
        response.fp = io.BufferedReader(PacedReader(response.fp.detach(), sock, self._cancellable))
        return response


class SecureConnection(PlainConnection, HTTPSConnection):
    """The same over TLS."""


class PacedReader(io.RawIOBase):
    """The bytes of a socket, each read of them within the time limits."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, cancellable: CancellableConnection):
        self._raw, self._socket, self._cancellable = raw, sock, cancellable

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Wait for bytes. Raises the socket's own errors, TimeoutError past a limit."""
        if self._cancellable.body_started and (pause := self._cancellable.read_pause()):
            time.sleep(pause)
        seconds, limit = self._cancellable.patience()
        try:
            if seconds <= 0:
                raise TimeoutError
            self._socket.settimeout(seconds)
            count = self._raw.readinto(buffer)
        except TimeoutError:
            self._cancellable.exceeded = limit
            raise
        if count == len(buffer):  # there is more: without a wait, a fast server would hold up all others of a process
            time.sleep(0)
        return count

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()
