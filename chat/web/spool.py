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

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from chat.server.greenlets import TimeSlice
from chat.server.logs import report
from chat.web import current_user, state
from chat.web.slots import Full, Places

PIECE = 64 * 1024
"""How much of an answer, in bytes, is in memory while somebody reads it."""

LONG = 1024 * 1024
"""From how many bytes on an answer takes one of PLACES."""

PLACES = Places(64, of_one=8)
"""For long answers that are being read. A browser reads six at once by HTTP/1.1."""

SPARE = 64 * 1024 * 1024
"""How much of the disk is left to the database, in bytes."""

WRITING = threading.Lock()
"""Held while an answer is written from many reads: more at once would take all connections to the database."""

PATIENCE = 20.0
"""How long one waits for that, in seconds."""

logger = logging.getLogger(__name__)


class Crowded(ServiceUnavailable):
    """Somebody reads as many long answers as they may, or all people together do."""

    description = "Too many long pages or files are being loaded. Wait until one of them is done, then try again."

    def __init__(self) -> None:
        super().__init__(retry_after=5)


class DiskFull(ServiceUnavailable):
    """A long answer can't be written."""

    description = "The server's disk is almost full, so this can't be prepared. An admin must free some space."


class Spool:
    """An answer that was written and waits for its reader; what goes past PIECE waits in a file without a name.

    `whose` names the person, or the address, whose place it takes where it is long.
    """

    def __init__(self, folder: Path, whose: str):
        self.size = 0
        self._folder, self._whose = folder, whose
        self._held, self._slice = ExitStack(), TimeSlice()
        in_memory = PIECE if has_room(folder) else LONG  # where the disk takes nothing, what isn't long needs none
        self._file = self._held.enter_context(SpooledTemporaryFile(in_memory, dir=str(folder)))  # noqa: SIM115

    def fill(self, pieces: Iterable[str | bytes]) -> Spool:
        """Write an answer; others go on between its pieces. Raises Crowded and DiskFull."""
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
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            self._make_room(len(piece))
            self._file.write(piece)
            self._slice.give_way()

    def _make_room(self, more: int) -> None:
        before, self.size = self.size, self.size + more
        if self.size <= LONG:
            return
        if before <= LONG:
            self._take_place()
        if not has_room(self._folder):
            raise DiskFull

    def _take_place(self) -> None:
        try:
            self._held.enter_context(PLACES.taken(self._whose))
        except Full:
            raise Crowded from None

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._file.read(PIECE):
            yield piece
        self.close()

    def close(self) -> None:
        """Let go of the file and the place."""
        with suppress(OSError):  # what could not be written is tried once more
            self._held.close()

    def __del__(self) -> None:
        # An answer that was replaced by an error's is closed by nobody.
        self.close()


def has_room(folder: Path) -> bool:
    """Tell whether a folder can be written to, and its disk has more than SPARE."""
    return os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free >= SPARE


def register(app: Flask) -> None:
    """Let the long answers of an app wait in files."""
    app.after_request(keep)


def writable(folder: Path) -> Path:
    """Give a folder back if files can be made there; else that of the system's temporary files."""
    with suppress(OSError):
        tempfile.TemporaryFile(dir=folder).close()
        return folder
    with suppress(OSError):
        return Path(tempfile.gettempdir())
    return folder


def keep(response: Response) -> Response:
    """Move an answer that is long from memory into a file; streams, and what all readers share, stay as they are."""
    size = response.calculate_content_length() if response.is_sequence else None
    if size is None or size <= PIECE or request.method == "HEAD" or request.endpoint == "assets.show":
        return response
    try:
        response.response = maker()().fill(response.iter_encoded())
        response.content_length = size
    except HTTPException as error:
        if size > LONG:
            return current_app.make_response(current_app.handle_user_exception(error))
    return response


@contextmanager
def writing() -> Iterator[None]:
    """Hold WRITING in a block. Raises Crowded."""
    if not WRITING.acquire(timeout=PATIENCE):
        raise Crowded
    try:
        yield
    finally:
        WRITING.release()


def answer(texts: Iterable[str], mimetype: str) -> Response:
    """Answer with texts that are all written before the first is sent. Raises Crowded and DiskFull."""
    spool = maker()().fill(texts)
    return Response(spool, mimetype=mimetype, headers={"Content-Length": str(spool.size)})


def bounded(stream: Iterable[str], make: Callable[[], Spool]) -> Iterator[bytes]:
    """Yield what a stream does; what is long waits for its reader in a spool. Raises Crowded and DiskFull."""
    for text in stream:
        pieces = iter((text.encode(),)) if len(text) <= PIECE // 4 else iter(make().fill([text]))
        del text  # it would be held as long as it is read
        yield from pieces


def maker() -> Callable[[], Spool]:
    """Give what makes spools for the visitor of this request, also when that is over."""
    whose = f"person {current_user.person_id()}" if current_user.is_member() else request.remote_addr
    return partial(Spool, state.of(current_app).spool, whose or "")
