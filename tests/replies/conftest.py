"""Fixtures for the tests of replies: processes beside the first one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from chat.metrics import Metrics
from chat.replies import Replies
from chat.replies import reader as reading
from chat.replies import writer as writing
from chat.storage.database import Database
from tests.scripted import Scripted


@pytest.fixture
def elsewhere() -> Scripted:
    """The provider in another process."""
    return Scripted()


@pytest.fixture
def other(database: Database, elsewhere: Scripted) -> Replies:
    """The replies of another process on the same database."""
    return Replies(database, {"scripted": elsewhere}, Metrics())


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that stops processes from renewing leases, as if they were suspended."""
    monkeypatch.setattr(writing, "RENEWAL", 1000)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renew leases and poll for news many times a second."""
    monkeypatch.setattr(writing, "RENEWAL", 0.02)
    monkeypatch.setattr(reading, "PATIENCE", 0.02)


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AbstractContextManager]:
    """Refuse to start threads whose name begins with a prefix, while a block runs."""
    start = threading.Thread.start

    @contextmanager
    def refused(name: str) -> Iterator[None]:
        def refuse(thread: threading.Thread) -> None:
            if thread.name.startswith(name):
                raise RuntimeError("can't start new thread")
            start(thread)

        with monkeypatch.context() as poor:
            poor.setattr(threading.Thread, "start", refuse)
            yield

    return refused
