"""Long responses wait for their readers in files, so a slow reader holds no transaction and little memory."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from chat.server.greenlets import TimeSlice
from chat.server.logs import report
from chat.web import current_user
from chat.web.slots import Slots
from chat.web.state import state

CHUNK_SIZE = 64 * 1024
"""How many bytes of a response are in memory while somebody reads it."""

LONG_ANSWER = 1024 * 1024
"""A response of more bytes takes one of DOWNLOAD_SLOTS."""

DISK_RESERVE = 64 * 1024 * 1024
"""How many bytes of the disk stay free for the database."""

WRITE_LOCK = threading.Lock()
"""Held while an export reads the database many times: several at once would take all connections."""

WRITE_LOCK_TIMEOUT = 20.0
"""How many seconds to wait for WRITE_LOCK."""

logger = logging.getLogger(__name__)


class TooManyDownloads(ServiceUnavailable):
    """No download slot is free, for this reader or for anybody."""

    description = "Too many large pages or files are loading. Wait for one to finish, then try again."

    def __init__(self) -> None:
        super().__init__(retry_after=5)


class DiskFull(ServiceUnavailable):
    """A long response can't be written."""

    description = "The server's disk is almost full. Ask an admin to free some space."


DOWNLOAD_SLOTS = Slots(64, 8, TooManyDownloads)
"""For long responses that somebody reads. A browser reads six at once over HTTP/1.1."""


class Spool:
    """A response that waits for its reader. What exceeds CHUNK_SIZE is in a file without a name.

    `whose` names the person or address whose slot a long one takes.
    """

    def __init__(self, folder: Path, whose: str):
        self.size = 0
        self._folder, self._whose = folder, whose
        self._held, self._slice = ExitStack(), TimeSlice()
        in_memory = CHUNK_SIZE if has_space(folder) else LONG_ANSWER  # with a full disk only a long one needs it
        self._file = self._held.enter_context(SpooledTemporaryFile(in_memory, dir=str(folder)))  # noqa: SIM115

    def fill(self, pieces: Iterable[str | bytes]) -> Spool:
        """Write a response; other requests have their turns meanwhile. Raise TooManyDownloads and DiskFull."""
        try:
            for piece in pieces:
                self._write(memoryview(piece.encode() if isinstance(piece, str) else piece))
            self._file.seek(0)
        except OSError as error:
            self.close()
            report(logger, "writing a long answer", error)
            raise DiskFull from None
        except BaseException:
            self.close()
            raise
        return self

    def _write(self, data: memoryview) -> None:
        for start in range(0, len(data), CHUNK_SIZE):
            piece = data[start : start + CHUNK_SIZE]
            if self.size <= LONG_ANSWER < self.size + len(piece):
                self._held.enter_context(DOWNLOAD_SLOTS.hold(self._whose))
            self.size += len(piece)
            if self.size > LONG_ANSWER and not has_space(self._folder):
                raise DiskFull
            self._file.write(piece)
            self._slice.give_way()

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._file.read(CHUNK_SIZE):
            yield piece
        self.close()

    def close(self) -> None:
        with suppress(OSError):  # closing tries once more to write what couldn't be written
            self._held.close()

    def __del__(self) -> None:
        # Nobody closes a response that an error's replaced.
        self.close()


def has_space(folder: Path) -> bool:
    """Return whether a folder is writable, and its disk has more than DISK_RESERVE free."""
    return os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free >= DISK_RESERVE


def writable_folder(folder: Path) -> Path:
    """Return a folder if files can be made there, else the system's folder for temporary files."""
    with suppress(OSError):
        tempfile.TemporaryFile(dir=folder).close()
        return folder
    with suppress(OSError):
        return Path(tempfile.gettempdir())
    return folder


def spool_long_answer(response: Response) -> Response:
    """Move a long response from memory into a file, but not a stream or what all readers share."""
    size = response.calculate_content_length() if response.is_sequence else None
    if size is None or size <= CHUNK_SIZE or request.method == "HEAD" or request.endpoint == "assets.show":
        return response
    try:
        response.response = spool_factory()().fill(response.iter_encoded())
        response.content_length = size
    except HTTPException as error:
        if size > LONG_ANSWER:
            return current_app.make_response(current_app.handle_user_exception(error))
    return response


@contextmanager
def hold_write_lock() -> Iterator[None]:
    """Hold WRITE_LOCK in a block. Raise TooManyDownloads if it isn't free in time."""
    if not WRITE_LOCK.acquire(timeout=WRITE_LOCK_TIMEOUT):
        raise TooManyDownloads
    try:
        yield
    finally:
        WRITE_LOCK.release()


def respond(texts: Iterable[str], mimetype: str) -> Response:
    """Respond with texts, all written before the first is sent. Raise TooManyDownloads and DiskFull."""
    spool = spool_factory()().fill(texts)
    return Response(spool, mimetype=mimetype, headers={"Content-Length": str(spool.size)})


def spool_long_texts(stream: Iterable[str], make: Callable[[], Spool]) -> Iterator[bytes]:
    """Yield a stream's texts; a long one waits for its reader in a spool. Raise TooManyDownloads and DiskFull."""
    for text in stream:
        pieces = iter((text.encode(),)) if len(text) <= CHUNK_SIZE // 4 else iter(make().fill([text]))
        del text  # else memory holds it as long as somebody reads it
        yield from pieces


def spool_factory() -> Callable[[], Spool]:
    """Return a maker of spools for the visitor, which also works after the end of the request."""
    whose = f"person {current_user.person_id()}" if current_user.member() else request.remote_addr
    return partial(Spool, state.spool, whose or "")
