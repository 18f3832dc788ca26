"""Test limits across workers and machines: simultaneous requests to any of them can't exceed a limit."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from chat.storage.tables import people, replies
from tests.faults.browser import Browser
from tests.faults.harness import Model, Server, served, until
from tests.faults.model import question
from tests.serving import KEY, UNLIMITED

AT_ONCE = 24
MOST = 5

Servers = Callable[..., list[Server]]


def at(database: str, setting: str, most: int, *marks: pytest.MarkDecorator) -> Any:
    """Test a limit on one database."""
    return pytest.param(database, setting, most, id=f"{database}-{setting}", marks=marks)


@pytest.fixture
def servers(request: pytest.FixtureRequest, tmp_path: Path, model: Model) -> Iterator[Servers]:
    """Serve with two workers on SQLite, or with two servers of one worker each on PostgreSQL."""
    with ExitStack() as stack:

        def serve(**environ: str) -> list[Server]:
            folders = [tmp_path / "one"]
            environ = {"SECRET_KEY": KEY, **UNLIMITED, **environ}
            if request.param == "postgres":
                database_server = request.getfixturevalue("database_server")
                folders.append(tmp_path / "two")
                environ |= {"DATABASE_URL": database_server.new_database()}
            else:
                environ |= {"WEB_CONCURRENCY": "2"}
            return [stack.enter_context(served(folder, model, **environ)) for folder in folders]

        yield serve


def all_at_once(browsers: list[Browser]) -> Counter[int]:
    """Begin a conversation in each browser at the same moment; count the answers by status."""
    statuses: list[int] = []
    line = threading.Barrier(len(browsers))

    def send(number: int, browser: Browser) -> None:
        line.wait(20)
        statuses.append(browser.post("/conversations", text=question(f"n{number}", 2000, 0.5)).status)

    senders = [threading.Thread(target=send, args=numbered) for numbered in enumerate(browsers)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
    return Counter(statuses)


def visitors(servers: list[Server]) -> list[Browser]:
    """Return newcomers, alternating between two servers."""
    return [servers[number % len(servers)].browser() for number in range(AT_ONCE)]


def one_person(servers: list[Server]) -> list[Browser]:
    """Return one user's browsers, alternating between two servers; the user's first answer has ended."""
    first = servers[0].browser()
    sent = first.send(question("first", 1))
    first.follow(sent.reply).until_over()
    browsers = visitors(servers)
    for browser in browsers:
        browser.cookie = first.cookie
    return browsers


def stored(server: Server) -> tuple[int, int]:
    """Count the guests, and the replies in progress."""
    running = select(func.count()).select_from(replies).where(replies.c.state == "generating")
    with server.database.read() as connection:
        guests = connection.execute(select(func.count()).select_from(people)).scalar_one()
        return guests, connection.execute(running).scalar_one()


@pytest.mark.parametrize(
    ("servers", "setting", "most"),
    [
        at("sqlite", "MAX_CONCURRENT_ANSWERS", MOST),
        at("postgres", "MESSAGES_PER_MINUTE", MOST + 1),
        at("sqlite", "MESSAGES_PER_MINUTE", MOST + 1, pytest.mark.long),
        at("postgres", "MAX_CONCURRENT_ANSWERS", MOST, pytest.mark.long),
    ],
    indirect=["servers"],
)
def test_of_a_persons_parallel_sends_exactly_as_many_go_through_as_may(
    servers: Servers, model: Model, setting: str, most: int
) -> None:
    serving = servers(**{setting: str(most)})
    browsers = one_person(serving)  # the first send counts, but its answer has ended

    answers = all_at_once(browsers)

    assert answers == {200: MOST, 429: AT_ONCE - MOST}
    assert stored(serving[0]) == (1, MOST)
    until(lambda: len(model.calls) == MOST + 1)


@pytest.mark.parametrize(
    ("servers", "setting", "most"),
    [
        at("sqlite", "MESSAGES_PER_MINUTE_PER_ADDRESS", MOST),
        at("postgres", "MAX_CONCURRENT_ANSWERS_PER_ADDRESS", MOST),
        at("sqlite", "MAX_CONCURRENT_ANSWERS_PER_ADDRESS", MOST, pytest.mark.long),
        at("postgres", "MESSAGES_PER_MINUTE_PER_ADDRESS", MOST, pytest.mark.long),
    ],
    indirect=["servers"],
)
def test_of_an_addresss_parallel_newcomers_exactly_as_many_go_through_as_may_and_no_other_guest_is_made(
    servers: Servers, model: Model, setting: str, most: int
) -> None:
    serving = servers(**{setting: str(most)})

    answers = all_at_once(visitors(serving))

    assert answers == {200: most, 429: AT_ONCE - most}
    assert stored(serving[0]) == (most, most)
    until(lambda: len(model.calls) == most)
