"""What tests of replies share: processes beside the first one."""

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
    """The provider as another process has it."""
    return Scripted()


@pytest.fixture
def other(database: Database, elsewhere: Scripted) -> Replies:
    """The replies of another process on the same database."""
    return Replies(database, {"scripted": elsewhere}, Metrics())


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes renew no lease, as one that was stopped."""
    monkeypatch.setattr(writing, "RENEWAL", 1000)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let leases be renewed, and readers look around, many times a second."""
    monkeypatch.setattr(writing, "RENEWAL", 0.02)
    monkeypatch.setattr(reading, "PATIENCE", 0.02)


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AbstractContextManager]:
    """Let the machine give no thread to what has a name that begins so, until the end of the block."""
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
