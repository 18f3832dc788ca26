"""Long answers wait for their readers in files: a slow reader holds no transaction and little memory."""

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
from chat.web.slots import NoFreeSlot, Slots
from chat.web.state import state

CHUNK_SIZE = 64 * 1024
"""How much of an answer, in bytes, is in memory while somebody reads it."""

LONG_ANSWER = 1024 * 1024
"""From how many bytes on an answer takes one of DOWNLOAD_SLOTS."""

DOWNLOAD_SLOTS = Slots(64, per_address=8)
"""For long answers that are being read. A browser reads six at once by HTTP/1.1."""

DISK_RESERVE = 64 * 1024 * 1024
"""How much of the disk is left to the database, in bytes."""

WRITE_LOCK = threading.Lock()
"""Held while an answer is written from many reads: more at once would take all connections to the database."""

WRITE_LOCK_TIMEOUT = 20.0
"""How long one waits for that, in seconds."""

logger = logging.getLogger(__name__)


class TooManyDownloads(ServiceUnavailable):
    """Somebody reads as many long answers as they may, or all people together do."""

    description = "Too many long pages or files are being loaded. Wait until one of them is done, then try again."

    def __init__(self) -> None:
        super().__init__(retry_after=5)


class DiskFull(ServiceUnavailable):
    """A long answer can't be written."""

    description = "The server's disk is almost full, so this can't be prepared. An admin must free some space."


class Spool:
    """An answer that was written and waits for its reader; what goes past CHUNK_SIZE waits in a file without a name.

    `whose` names the person, or the address, whose place it takes where it is long.
    """

    def __init__(self, folder: Path, whose: str):
        self.size = 0
        self._folder, self._whose = folder, whose
        self._held, self._slice = ExitStack(), TimeSlice()
        in_memory = (
            CHUNK_SIZE if has_space(folder) else LONG_ANSWER
        )  # where the disk takes nothing, what isn't long needs none
        self._file = self._held.enter_context(SpooledTemporaryFile(in_memory, dir=str(folder)))  # noqa: SIM115

    def fill(self, pieces: Iterable[str | bytes]) -> Spool:
        """Write an answer; others go on between its pieces. Raises TooManyDownloads and DiskFull."""
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
            self._make_room(len(piece))
            self._file.write(piece)
            self._slice.give_way()

    def _make_room(self, more: int) -> None:
        before, self.size = self.size, self.size + more
        if self.size <= LONG_ANSWER:
            return
        if before <= LONG_ANSWER:
            self._take_slot()
        if not has_space(self._folder):
            raise DiskFull

    def _take_slot(self) -> None:
        try:
            self._held.enter_context(DOWNLOAD_SLOTS.hold(self._whose))
        except NoFreeSlot:
            raise TooManyDownloads from None

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._file.read(CHUNK_SIZE):
            yield piece
        self.close()

    def close(self) -> None:
        """Let go of the file and the place."""
        with suppress(OSError):  # what could not be written is tried once more
            self._held.close()

    def __del__(self) -> None:
        # An answer that was replaced by an error's is closed by nobody.
        self.close()


def has_space(folder: Path) -> bool:
    """Tell whether a folder can be written to, and its disk has more than DISK_RESERVE."""
    return os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free >= DISK_RESERVE


def writable_folder(folder: Path) -> Path:
    """Give a folder back if files can be made there; else that of the system's temporary files."""
    with suppress(OSError):
        tempfile.TemporaryFile(dir=folder).close()
        return folder
    with suppress(OSError):
        return Path(tempfile.gettempdir())
    return folder


def spool_long_answer(response: Response) -> Response:
    """Move an answer that is long from memory into a file; streams, and what all readers share, stay as they are."""
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
    """Hold WRITE_LOCK in a block. Raises TooManyDownloads."""
    if not WRITE_LOCK.acquire(timeout=WRITE_LOCK_TIMEOUT):
        raise TooManyDownloads
    try:
        yield
    finally:
        WRITE_LOCK.release()


def respond(texts: Iterable[str], mimetype: str) -> Response:
    """Answer with texts that are all written before the first is sent. Raises TooManyDownloads and DiskFull."""
    spool = spool_factory()().fill(texts)
    return Response(spool, mimetype=mimetype, headers={"Content-Length": str(spool.size)})


def spool_long_texts(stream: Iterable[str], make: Callable[[], Spool]) -> Iterator[bytes]:
    """Yield what a stream does; what is long waits for its reader in a spool. Raises TooManyDownloads and DiskFull."""
    for text in stream:
        pieces = iter((text.encode(),)) if len(text) <= CHUNK_SIZE // 4 else iter(make().fill([text]))
        del text  # it would be held as long as it is read
        yield from pieces


def spool_factory() -> Callable[[], Spool]:
    """Give what makes spools for the visitor of this request, also when that is over."""
    whose = f"person {current_user.person_id()}" if current_user.is_member() else request.remote_addr
    return partial(Spool, state.spool, whose or "")
