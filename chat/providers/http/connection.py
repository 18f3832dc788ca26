"""A connection with time limits, which any thread can cancel at every stage.

requests returns a response only once its head is here, and a server can send the head as late as its first word. So we
take the socket from the connection itself as soon as it is open.
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
    """The time limits of a request over all its sockets, and the switch that cancels it.

    `connected` says whether this attempt reached the server, `body_started` (set by the reader) whether the body began.
    `exceeded` names the limit that was passed: `first_byte`, `read` or `total`. A reader can shorten `read_timeout`.
    `read_pause` returns how many seconds to wait before a further read, so that bytes gather.
    """

    def __init__(self, timeouts: Timeouts):
        self.timeouts = timeouts
        self.read_pause: Callable[[], float] = float
        self.cancelled = threading.Event()
        self.start()

    def start(self) -> None:
        """Start the clocks of the whole request and of its first attempt."""
        self._deadline = time.monotonic() + self.timeouts.total
        self.start_attempt()

    def start_attempt(self) -> None:
        """Start the clock of an attempt. Raises OSError if the request is cancelled."""
        self._require_open()
        self.connected = self.body_started = False
        self.exceeded: str | None = None
        self.read_timeout = self.timeouts.read
        self._socket: socket.socket | None = None
        self._first = time.monotonic() + self.timeouts.first_byte
        self._end = self._deadline

    def limit_rest(self, seconds: float) -> None:
        """End this attempt within a number of seconds."""
        self._end = min(self._end, time.monotonic() + seconds)

    def attach(self, connected: socket.socket) -> None:
        """Store the socket of this attempt. Raises OSError if the request is cancelled."""
        self._socket = connected
        self.connected = True
        self._require_open()

    def patience(self) -> tuple[float, str]:
        """Return the timeout of the next read and its name. Raises OSError if the request is cancelled."""
        self._require_open()
        now = time.monotonic()
        stage = (self.read_timeout, "read") if self.body_started else (self._first - now, "first_byte")
        return min(stage, (self._end - now, "total"))

    def _require_open(self) -> None:
        if self.cancelled.is_set():
            raise ConnectionAbortedError

    def cancel(self) -> None:
        """Cut the connection, from any thread or greenlet, and wake a waiting read.

        Closing a socket does not wake a thread that reads from it; shutting it down does. TLS's own shutdown would
        remove the encryption under the reader, so we call the plain socket's.
        """
        self.cancelled.set()
        if (connected := self._socket) is not None:
            with suppress(OSError, TypeError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)


class CancellableAdapter(HTTPAdapter):
    """The adapter of requests for one request."""

    def __init__(self, cancellable: CancellableConnection):
        self._cancellable = cancellable
        super().__init__()

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        connection = SecureConnection if pool.scheme == "https" else PlainConnection
        pool.ConnectionCls = functools.partial(connection, self._cancellable)
        return pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Check certificates as requests does, but parse the authorities once: each time costs 40 ms."""
        # types-requests has no types for this method.
        super().cert_verify(conn, url, certificates.bundle_or(verify), cert)  # type: ignore[no-untyped-call]
        if bundle := getattr(conn, "ca_certs", None) or getattr(conn, "ca_cert_dir", None):
            conn.conn_kw["ssl_context"] = certificates.tls_context(bundle)
            conn.ca_certs = conn.ca_cert_dir = None


class PlainConnection(HTTPConnection):
    """A connection that shares its socket and reads within the time limits."""

    def __init__(self, cancellable: CancellableConnection, *arguments: Any, **options: Any):
        self._cancellable = cancellable
        super().__init__(*arguments, **options)

    def connect(self) -> None:
        super().connect()
        self._cancellable.attach(self.sock)

    def response_class(self, sock: socket.socket, *arguments: Any, **options: Any) -> Any:  # type: ignore[override]
        """Create the standard library's response, with time limits from its first byte."""
        response = super().response_class(sock, *arguments, **options)
        response.fp = io.BufferedReader(PacedReader(response.fp.detach(), sock, self._cancellable))
        return response


class SecureConnection(PlainConnection, HTTPSConnection):
    """A PlainConnection over TLS."""


class PacedReader(io.RawIOBase):
    """The bytes of a socket; each read respects the time limits."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, cancellable: CancellableConnection):
        self._raw, self._socket, self._cancellable = raw, sock, cancellable

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what arrives. Raises the socket's errors, and TimeoutError past a limit."""
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
        if count == len(buffer):  # let other greenlets run: a fast server would block them
            time.sleep(0)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
