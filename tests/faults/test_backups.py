"""Test copies of a database during answers: each shows one moment, and a server can go on with it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from chat.storage import backups
from chat.storage.database import Database
from chat.storage.tables import replies
from tests.faults.browser import Browser, Sent
from tests.faults.harness import Model, Server, served, until_ended, words_stored
from tests.faults.model import question

STREAMS = 24
LENGTHS = (20, 60, 100)
"""The word counts of the answers; the longest is still being written when the shortest has ended."""

UNLIMITED = dict.fromkeys(("MAX_CONCURRENT_ANSWERS_PER_ADDRESS", "MESSAGES_PER_MINUTE_PER_ADDRESS"), "0")

Addresses = Callable[[], dict[str, str]]
"""Returns the setting for a new database: none for SQLite, which is in the instance's folder."""


@pytest.fixture(params=["sqlite", "postgres"])
def new_database(request: pytest.FixtureRequest) -> Addresses:
    """A function that names a database, for both kinds."""
    if request.param == "sqlite":
        return dict
    server = request.getfixturevalue("database_server")
    return lambda: {"DATABASE_URL": server.new_database()}


def command(name: str, instance: Path, file: Path, setting: dict[str, str]) -> None:
    """Run a command as bin/ does."""
    environ = {"PATH": os.environ.get("PATH", ""), "INSTANCE": str(instance), **setting}
    assert getattr(backups, name)(environ, [str(file)]) == 0


@contextmanager
def brought_back(copy: Path, folder: Path, setting: dict[str, str]) -> Iterator[Database]:
    """Restore a copy into a new instance; return its database."""
    command("restore", folder / "instance", copy, setting)
    database = Database(setting.get("DATABASE_URL") or f"sqlite:///{folder / 'instance' / 'rivulet.db'}")
    yield database
    database.dispose()


def begun(server: Server) -> list[tuple[Browser, Sent, int]]:
    """Ask many questions, each from its own browser; return the browsers, the answers' addresses, and their lengths."""
    asked = []
    for number in range(STREAMS):
        browser, length = server.browser(), LENGTHS[number % len(LENGTHS)]
        asked.append((browser, browser.send(question(f"under-load-{number}", length, 0.03)), length))
    return asked


def states(database: Database) -> dict[int, str]:
    """Read the state of each reply."""
    with database.read() as connection:
        return {row.id: row.state for row in connection.execute(select(replies.c.id, replies.c.state))}


def complaints(database: Database, asked: list[tuple[Browser, Sent, int]]) -> list[str]:
    """Complain about a damaged database, missing or repeated words, and a partial answer marked as complete."""
    found = []
    if database.is_sqlite:
        with database.read() as connection:
            checked = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            found += [complaint for complaint in checked if complaint != "ok"]
            found += connection.exec_driver_sql("PRAGMA foreign_key_check").scalars().all()
    known = states(database)
    for _, sent, length in asked:
        words = words_stored(database, sent.reply)
        half = words != list(range(length if known[sent.reply] == "complete" else len(words)))
        found += [f"reply {sent.reply} is {known[sent.reply]} with {words} of {length}"] * half
    return found


def test_copies_made_while_answers_stream_are_whole_and_a_server_goes_on_with_one(
    tmp_path: Path, model: Model, new_database: Addresses
) -> None:
    """F35: 24 answers in two workers; the test makes one copy after another until the last answer has ended."""
    setting = new_database()
    copies: list[Path] = []
    running: list[int] = []
    with served(tmp_path / "one", model, WEB_CONCURRENCY="2", **UNLIMITED, **setting) as server:
        asked = begun(server)
        while "generating" in states(server.database).values():
            copies.append(tmp_path / f"{len(copies)}.copy")
            command("backup", tmp_path / "one" / "instance", copies[-1], setting)
            time.sleep(0.6)
        ends = [until_ended(server.database, sent.reply).state for _, sent, _ in asked]

    assert ends == ["complete"] * STREAMS and len(copies) > 2
    for number, copy in enumerate(copies):
        with brought_back(copy, tmp_path / f"look-{number}", new_database()) as database:
            assert complaints(database, asked) == []
            running.append(sum(state == "generating" for state in states(database).values()))

    chosen = next(number for number, count in enumerate(running) if 0 < count < STREAMS)
    setting = new_database()
    with brought_back(copies[chosen], tmp_path / "two", setting):
        pass
    with served(tmp_path / "two", model, **UNLIMITED, **setting) as server:
        for browser, sent, length in asked:
            assert until_ended(server.database, sent.reply).state == "complete"
            browser.port = server.port
            page = browser.get(f"/conversations/{sent.conversation}")
            assert page.status == 200 and re.search(rf"w{length - 1}\b", page.body)
        assert complaints(server.database, asked) == []
