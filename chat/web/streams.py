"""The streams of a process: their limit, their sessions, and how a broken one ends."""

from __future__ import annotations

import errno
import logging
import resource
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from werkzeug.exceptions import ServiceUnavailable

from chat.replies import Follower
from chat.server.logs import report
from chat.storage.database import DatabaseAway

SPARE_FILES = 100
"""How many open files to leave for everything else."""

WATCH_INTERVAL = 1.0
"""How many seconds between two looks at the sessions of all streams."""

logger = logging.getLogger(__name__)


class TooManyStreams(Exception):
    """This process can't open another stream; a page shows the message."""


class StillGenerating(Exception):
    """This process gets no more of a reply that hasn't ended: another one continues it, or it couldn't be stored."""


class StreamAborted(ConnectionResetError):
    """A stream broke. If nobody catches this, the server closes the connection without its last chunk."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "a stream broke off")


NO_FAULTS = (DatabaseAway, StillGenerating, ServiceUnavailable)
"""Not logged here: an outage has its own line, and a Continue can follow the end of a reply at once."""


@contextmanager
def abort_on_error() -> Iterator[None]:
    """Turn any error in a stream into StreamAborted, so that no broken stream looks complete.

    The log says where it broke. The server's own log would quote the error.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, NO_FAULTS):
            report(logger, "a stream", error)
        raise StreamAborted from None


class Streams:
    """The open streams. Each needs an open file for its browser, and one for its provider.

    A stream ends within seconds of its session, whichever process ended that. While there are streams, one thread asks
    `ended` which of their sessions have ended.
    """

    def __init__(self, ended: Callable[[Iterable[str]], frozenset[str]], limit: int | None = None):
        self.limit = limit or max(1, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES) // 2)
        self._ended = ended
        self._sessions: dict[Follower, str] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def count(self) -> int:
        return len(self._sessions)

    def require_room(self) -> None:
        """Raise TooManyStreams near the limit of open files."""
        if self.count >= self.limit:
            raise TooManyStreams(
                "The server can't stream more answers right now. "
                "Yours is still being written; reopen the chat in a moment."
            )

    @contextmanager
    def open_stream(self, session: str, follower: Follower) -> Iterator[None]:
        """Count a stream, and dismiss its follower when the session ends. Raise StreamAborted for any error."""
        with abort_on_error():
            try:
                with self._lock:
                    self._sessions[follower] = session
                    self._start_watching()
                yield
            finally:
                with self._lock:
                    self._sessions.pop(follower, None)

    def _start_watching(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._watch, name="session-watch", daemon=True)
            thread.start()  # before the next line: the machine can be out of threads
            self._thread = thread

    def _watch(self) -> None:
        # The request looked up its session a moment ago, and a short answer needs no look.
        time.sleep(WATCH_INTERVAL)
        while sessions := self._open_sessions():
            try:
                self._dismiss_ended(sessions)
            except DatabaseAway:
                pass
            except Exception as error:
                report(logger, "the scan for ended sessions", error)
            del sessions  # else it keeps followers alive that nobody uses
            time.sleep(WATCH_INTERVAL)

    def _open_sessions(self) -> dict[Follower, str]:
        """Copy the sessions. Without any the thread ends, and the next stream starts another."""
        with self._lock:
            if not self._sessions:
                self._thread = None
            return dict(self._sessions)

    def _dismiss_ended(self, sessions: dict[Follower, str]) -> None:
        ended = self._ended(set(sessions.values()))
        for follower, session in sessions.items():
            if session in ended:
                follower.dismiss()
