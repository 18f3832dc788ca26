"""S1: test a wire to PostgreSQL that breaks at a COMMIT. Shown text stays, nothing is done twice, no sentence lies.

A COMMIT without an answer may have happened, or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from itertools import count

import pytest
from sqlalchemy import update

from chat import conversations
from chat.conversations import Choice, Draft
from chat.people.rate_limits import Asker
from chat.storage.tables import replies
from tests.faults.deeds import DEEDS, Deed
from tests.faults.harness import Model, Server, served, until, until_ended, violations, words_stored
from tests.faults.model import question
from tests.faults.person import Person
from tests.faults.rounds.visitor import LIE
from tests.faults.wire import Fault, Wire, first, nth
from tests.postgres import Postgres
from tests.serving import KEY
from tests.turns import guest

WORDS = 6
PAUSE = 0.05
EVERY = 8
"""How many of an answer's COMMITs the test breaks, one after another."""

PLACES = pytest.mark.parametrize("place", ["before", "in"], ids=["not executed", "executed"])
names = map("answer-{}".format, count())


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """A model's server."""
    with Model() as model:
        yield model


@pytest.fixture(scope="module")
def wire(database_server: Postgres) -> Iterator[Wire]:
    """A wire to PostgreSQL."""
    with Wire(database_server.port) as wire:
        yield wire


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, model: Model, database_server: Postgres, wire: Wire
) -> Iterator[Server]:
    """The app in two processes, which reach their database through the wire."""
    url = database_server.new_database()
    environ = {"DATABASE_URL": wire.address(url), "SECRET_KEY": KEY, "ACCESS": "open", "WEB_CONCURRENCY": "2"}
    with served(tmp_path_factory.mktemp("commits"), model, direct=url, **environ) as server:
        yield server


@PLACES
@pytest.mark.parametrize("kind", DEEDS, ids=[kind.__name__ for kind in DEEDS])
def test_what_somebody_does_is_done_once_whatever_becomes_of_its_commit(
    server: Server, wire: Wire, kind: type[Deed], place: str
) -> None:
    deed, fault = kind(server), Fault(place)
    before = wire.did[fault]

    with wire.hurting(first(fault, *deed.statements)):
        told = deed.do()
    done = deed.times()

    assert wire.did[fault] == before + 1
    assert told.status < 400 or told.status == 503, told
    assert done == 1 if told.status < 400 or place == "in" else done == 0
    lied = done and LIE.search(unescape(told.body))
    assert not lied, "it says that nothing was changed, and something was"
    again = deed.do()
    assert again.status in deed.again | (Deed.again if not done else set()), again
    assert deed.times() == 1
    deed.finish()


PIECE = ("INSERT INTO pieces",)
END = ("DELETE FROM pieces",)
RENEWAL = ("UPDATE replies SET lease_until",)


@PLACES
@pytest.mark.parametrize("statements", [PIECE, END, RENEWAL], ids=["piece", "end", "renewal"])
def test_an_answer_is_whole_whatever_becomes_of_a_commit_in_it(
    server: Server, model: Model, wire: Wire, statements: tuple[str, ...], place: str
) -> None:
    browser, name, fault = server.browser(), next(names), Fault(place)
    before = wire.did[fault]

    with wire.hurting(first(fault, *statements)):
        sent = browser.send(question(name, WORDS, 6 * PAUSE))
        page = browser.follow(sent.reply)
        page.until_over()

    require_whole(server, model, name, sent.reply)
    assert wire.did[fault] == before + 1
    assert violations(server, name, [sent.reply], [page]) == []


def require_whole(server: Server, model: Model, name: str, reply_id: int, attempts: int = 0) -> None:
    """Check an answer's promise: complete, with all its words, and one call for each worker."""
    row = until_ended(server.database, reply_id)
    assert (row.state, row.error, row.attempts) == ("complete", None, attempts)
    assert words_stored(server.database, reply_id) == list(range(WORDS))
    assert model.calls[name] == 1


@pytest.mark.newer_postgres
@PLACES
def test_an_answer_is_adopted_once_whatever_becomes_of_the_commit(
    server: Server, model: Model, wire: Wire, place: str
) -> None:
    name, fault = next(names), Fault(place)
    before, choice = wire.did[fault], Choice("openai", "small")

    with wire.hurting(first(fault, "UPDATE replies SET owner", "attempts")):
        asker = Asker(guest(server.database, name))
        turn = conversations.ask(server.database, asker, None, Draft(question(name, WORDS, 0), choice))
        with server.database.write() as connection:
            connection.execute(update(replies).where(replies.c.id == turn.reply_id).values(lease_until=0))
        until(lambda: wire.did[fault] > before)

    require_whole(server, model, name, turn.reply_id, attempts=1)


@pytest.mark.parametrize("place", ["before", "in", "half", "after"])
def test_an_answer_is_whole_whichever_of_its_commits_breaks(
    server: Server, model: Model, wire: Wire, place: str
) -> None:
    """Each of the first COMMITs after the send, whatever it stores; the user resends a refused message."""
    found = []
    for number in range(1, EVERY + 1):
        name, person = next(names), Person(server.browser())
        person.new_key()
        with wire.hurting(nth(number, Fault(place))):
            sent = person.send(question(name, WORDS, PAUSE))
            page = person.browser.follow(sent.reply)
            page.until_over()
        row = until_ended(server.database, sent.reply)
        found += violations(server, name, [sent.reply], [page])
        if (row.state, row.attempts, len(words_stored(server.database, sent.reply))) != ("complete", 0, WORDS):
            found.append(f"after COMMIT {number} it ended {row.state} ({row.error}), adopted {row.attempts} times")

    assert found == []
