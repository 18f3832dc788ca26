"""Watch every app, log, error, socket and folder of this process for tests/canary.py."""

from __future__ import annotations

import logging
import re
import socket
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from flask import Flask

from chat.config import WrongSetting
from chat.providers.errors import ProviderError
from chat.storage.engines import DatabaseUnusable
from tests.looking import look, searched
from tests.marked import MARK
from tests.serving import OURS

ERRORS = (WrongSetting, DatabaseUnusable, ProviderError)
CHUNK = re.compile(rb"\r\n[0-9A-Fa-f]+\r\n")
"""What stands between two chunks of an answer."""

BEFORE = 3 * len(MARK)
"""How many bytes of an answer are kept until more comes: a mark that was cut twice, and what stands between chunks."""

heard: WeakKeyDictionary[socket.socket, tuple[int, bytes]] = WeakKeyDictionary()
"""The port of a server of ours, and the end of what has come from it so far, by the socket."""

made: set[Path] = set()
"""The folders that fixtures of the module have made, but for those of its tests."""


class Watched:
    """The body of a response, searched as it passes; two pieces can each hold a part of a mark."""

    def __init__(self, body: Iterable[bytes], where: str):
        self.body, self.where, self.end = body, where, b""

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.body:
            look(f"the body of {self.where}", self.end + piece)
            self.end = (self.end + piece)[-len(MARK) :]
            yield piece

    def close(self) -> None:
        """Close the body."""
        getattr(self.body, "close", lambda: None)()


def watch_all() -> None:
    """Start all watches."""
    watch_apps()
    watch_logs()
    for error in ERRORS:
        watch_error(error)
    watch_sockets()
    watch_folders()


def watch_apps() -> None:
    """Search the responses of apps in this process."""
    answer = Flask.__call__

    def answered(app: Flask, environ: Any, start_response: Any) -> Iterable[bytes]:
        where = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        searched["answers of apps"] += 1

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            look(f"the head of {where}", f"{status} {headers}")
            return start_response(status, headers, *error)

        return Watched(answer(app, environ, start), where)

    Flask.__call__ = answered  # type: ignore[method-assign, assignment]


def watch_logs() -> None:
    """Search each log record."""
    handle = logging.Logger.handle

    def handled(logger: logging.Logger, record: logging.LogRecord) -> None:
        look(f"the log of {logger.name}", written(record))
        handle(logger, record)

    logging.Logger.handle = handled  # type: ignore[method-assign, assignment]


def watch_error(kind: type[Exception]) -> None:
    """Search the text of each error of a class when it is created."""
    make = kind.__init__

    def made(error: Exception, *words: Any, **more: Any) -> None:
        make(error, *words, **more)
        look(f"the words of {type(error).__name__}", str(error))

    kind.__init__ = made  # type: ignore[method-assign, assignment]


def watch_sockets() -> None:
    """Search what this process receives from our servers."""
    connect, recv, recv_into = socket.socket.connect, socket.socket.recv, socket.socket.recv_into

    def connected(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[1] in OURS:
            heard[self] = address[1], b""
            searched["connections to servers"] += 1
        connect(self, address)

    def received(self: socket.socket, *sizes: int) -> bytes:
        return hear(self, recv(self, *sizes))

    def received_into(self: socket.socket, buffer: Any, *sizes: int) -> int:
        count = recv_into(self, buffer, *sizes)
        hear(self, bytes(memoryview(buffer)[:count]) if self in heard else b"")
        return count

    socket.socket.connect, socket.socket.recv = connected, received  # type: ignore[method-assign, assignment]
    socket.socket.recv_into = received_into  # type: ignore[method-assign, assignment]


def hear(connection: socket.socket, piece: bytes) -> bytes:
    """Search a piece from a server; two pieces, or two chunks, can each hold a part of a mark."""
    if connection in heard:
        port, end = heard[connection]
        look(f"an answer of the server at port {port}", CHUNK.sub(b"", end + piece))
        heard[connection] = port, (end + piece)[-BEFORE:]
    return piece


def watch_folders() -> None:
    """Note each new temporary folder."""
    make = pytest.TempPathFactory.mktemp

    def noted(factory: pytest.TempPathFactory, basename: str, numbered: bool = True) -> Path:
        folder = make(factory, basename, numbered)
        made.add(folder)
        return folder

    pytest.TempPathFactory.mktemp = noted  # type: ignore[method-assign, assignment]


def written(record: logging.LogRecord) -> str:
    """Format a record with its fields and traceback."""
    broke = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info and record.exc_info[0] else ""
    return f"{record.getMessage()} {getattr(record, 'fields', '')} {broke}"
