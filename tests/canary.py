"""A pytest plugin that looks for marked secrets in whatever a test makes, and fails the test that shows one.

Every secret of the suite's settings holds MARK. It is looked for in each head and body that an app of this process
answers, in each record of the log with its traceback, in the sentences of our errors, and, when a test has ended, in
the files it left in its folder: databases, logs of servers, what scripts said. KEPT names the files that may hold it.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from chat.config import WrongSetting
from chat.engines import DatabaseUnusable
from chat.providers.base import ProviderError
from tests.marked import MARK

KEPT = {"secret_key", ".env"}
"""Files that are there to hold a secret: the key that is kept on loopback, and settings that somebody wrote down."""

ERRORS = (WrongSetting, DatabaseUnusable, ProviderError)
MOST = 64 * 1024 * 1024
"""The largest file, in bytes, that is looked through."""

found: list[str] = []
"""Where the mark was seen since it was last asked for."""


def look(where: str, text: str | bytes) -> None:
    """Look for the mark in something."""
    if MARK.encode() in (text.encode(errors="replace") if isinstance(text, str) else text):
        found.append(where)


class Watched:
    """The body of an answer, looked through as it goes by; a mark may be cut between two pieces."""

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


def pytest_configure() -> None:
    """Stand beside every app, log and error of this process."""
    answer, handle = Flask.__call__, logging.Logger.handle

    def answered(app: Flask, environ: Any, start_response: Any) -> Iterable[bytes]:
        where = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            look(f"the head of {where}", f"{status} {headers}")
            return start_response(status, headers, *error)

        return Watched(answer(app, environ, start), where)

    def handled(logger: logging.Logger, record: logging.LogRecord) -> None:
        look(f"the log of {logger.name}", written(record))
        handle(logger, record)

    Flask.__call__, logging.Logger.handle = answered, handled  # type: ignore[method-assign]
    for error in ERRORS:
        watch_error(error)


def watch_error(kind: type[Exception]) -> None:
    """Look at the sentence of each error of a kind when it is made."""
    make = kind.__init__

    def made(error: Exception, *words: Any, **more: Any) -> None:
        make(error, *words, **more)
        look(f"the words of {type(error).__name__}", str(error))

    kind.__init__ = made  # type: ignore[method-assign]


def written(record: logging.LogRecord) -> str:
    """Write a record with its fields and traceback."""
    broke = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info and record.exc_info[0] else ""
    return f"{record.getMessage()} {getattr(record, 'fields', '')} {broke}"


def look_in(folder: Path) -> None:
    """Look through the files of a folder."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.name not in KEPT and path.stat().st_size < MOST:
            look(f"the file {path.relative_to(folder)}", path.read_bytes())


@contextmanager
def watching(folder: Path | None = None) -> Iterator[None]:
    """Fail what shows a secret meanwhile, or leaves one in a folder."""
    found.clear()
    yield
    if folder and folder.is_dir():
        look_in(folder)
    seen = sorted(set(found))
    found.clear()
    assert seen == [], f"A secret was shown in {', '.join(seen)}."


@pytest.fixture(autouse=True)
def canary(request: pytest.FixtureRequest) -> Iterator[None]:
    """Look for secrets in whatever a test makes."""
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    with watching(folder):
        yield
