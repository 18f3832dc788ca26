"""The streams of a process: how many it can have, whose session each belongs to, and how a broken one ends."""

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
"""How many open files are left for everything else."""

WATCH_INTERVAL = 1.0
"""How often the sessions of all streams are looked up, in seconds."""

logger = logging.getLogger(__name__)


class TooManyStreams(Exception):
    """This process can open no further stream; the message is for the person who wants one."""


class StillGenerating(Exception):
    """Nothing more comes of a reply here, but it hasn't ended: it goes on elsewhere, or could not be stored."""


class StreamAborted(ConnectionResetError):
    """A stream broke. Where nobody catches this, the server closes the connection without its last chunk."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "a stream broke off")


NO_FAULTS = (DatabaseAway, StillGenerating, ServiceUnavailable)
"""What breaks a stream and isn't logged here: an outage has its own line, and a Continue can follow an end at once."""


@contextmanager
def abort_on_error() -> Iterator[None]:
    """Turn any error in a stream into StreamAborted. The log says where it broke; a server's log would quote the error.

    So no broken stream looks like a whole one.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, NO_FAULTS):
            report(logger, "a stream", error)
        raise StreamAborted from None


class Streams:
    """The open streams; each takes an open file for its browser, and one for its provider.

    A stream ends within seconds of its session, in whichever process that was ended. One thread asks the database for
    all sessions at once, and only while there are streams. `ended` tells which of some sessions have ended.
    """

    def __init__(self, ended: Callable[[Iterable[str]], frozenset[str]], limit: int | None = None):
        self.limit = limit or max(1, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES) // 2)
        self._ended = ended
        self._sessions: dict[Follower, str] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def count(self) -> int:
        """Tell how many are open."""
        return len(self._sessions)

    def require_room(self) -> None:
        """Raise TooManyStreams near the limit of open files."""
        if self.count >= self.limit:
            raise TooManyStreams(
                "Too many answers are being watched at this moment. "
                "Yours is written all the same: open its conversation in a moment."
            )

    @contextmanager
    def open_stream(self, session: str, follower: Follower) -> Iterator[None]:
        """Count a stream, and dismiss its follower when the session ends. Raises StreamAborted for any error."""
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
            thread.start()  # before it is noted: a machine may give no more threads
            self._thread = thread

    def _watch(self) -> None:
        # A new stream's session was looked up a moment ago, and a short answer needs no look.
        time.sleep(WATCH_INTERVAL)
        while sessions := self._open_sessions():
            try:
                self._dismiss_ended(sessions)
            except DatabaseAway:
                pass
            except Exception as error:
                report(logger, "a look for sessions that have ended", error)
            del sessions  # a follower that only this holds on to is nobody's
            time.sleep(WATCH_INTERVAL)

    def _open_sessions(self) -> dict[Follower, str]:
        """List the sessions of all streams; without any the thread ends, and the next stream starts another."""
        with self._lock:
            if not self._sessions:
                self._thread = None
            return dict(self._sessions)

    def _dismiss_ended(self, sessions: dict[Follower, str]) -> None:
        ended = self._ended(set(sessions.values()))
        for follower, session in sessions.items():
            if session in ended:
                follower.dismiss()
