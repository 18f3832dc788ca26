"""Test that the rounds see an offence of an answer, a page, an export and a post: a check must be able to fail."""

from __future__ import annotations

from random import Random

import pytest
from sqlalchemy import update

from chat.storage.database import Database
from chat.storage.tables import replies
from tests.faults.bare import bare
from tests.faults.browser import Answer, Browser, Watching
from tests.faults.model import question
from tests.faults.rounds import exports, visitor
from tests.faults.rounds.kinds import Round
from tests.faults.rounds.lost import KNOWN, Lost
from tests.faults.rounds.visitor import Visitor
from tests.providers.server import Server, whole
from tests.turns import answered, asked


def lost(database: Database, **headers: str) -> Lost:
    """Build a round whose last text differs from its first one."""
    round_ = Lost("r-1", "lost", bare(database), Random(1))
    round_.way, round_.headers, round_.kept = KNOWN, headers, True
    round_.first, round_.last = round_.text(1), round_.text(2)
    return round_


@pytest.mark.parametrize(("status", "may_miss", "wrong"), [(500, True, 1), (502, True, 1), (503, False, 0)])
def test_an_error_of_ours_is_seen(status: int, may_miss: bool, wrong: int) -> None:
    assert len(visitor.judged("GET /", Answer(status, "", ""), may_miss)) == wrong


def test_a_page_that_is_missing_is_seen_unless_its_owner_deleted_it() -> None:
    gone = Answer(404, "", "")

    assert visitor.judged("GET /", gone, may_miss=False) != [] and visitor.judged("GET /", gone, may_miss=True) == []


@pytest.mark.parametrize(("counts", "wrong"), [([0, 1], 1), ([0, 0], 0), ([1, 1], 0), ([None, 1], 0)])
def test_a_sentence_that_lies_about_what_was_stored_is_seen(counts: list[int | None], wrong: int) -> None:
    with Server(whole("503 Unavailable", "Nothing was changed.")) as server:
        person = Visitor(int(server.url.rpartition(":")[2]), lambda _: counts.pop(0))
        person.post("/conversations", text="Hello?")

    assert len(person.found) == wrong


@pytest.mark.parametrize(
    ("times", "status", "wrong"), [(0, 200, 1), (1, 200, 0), (2, 303, 1), (0, 409, 0), (1, 409, 1)]
)
def test_a_text_that_is_nowhere_or_in_two_places_is_seen(
    database: Database, person: int, times: int, status: int, wrong: int
) -> None:
    round_ = lost(database, HX_Request="true")
    for _ in range(times):
        asked(database, person, round_.last)

    assert len(list(round_.misplaced(Answer(status, "", "")))) == wrong


def test_a_text_that_is_refused_and_not_given_back_is_seen(database: Database) -> None:
    round_ = lost(database, Accept="text/html")

    assert list(round_.misplaced(Answer(409, "", f"<textarea>{round_.last}</textarea>"))) == []
    assert list(round_.misplaced(Answer(409, "", "Too early."))) != []


def test_a_text_that_its_author_cant_open_is_seen(
    database: Database, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_ = lost(database)
    asked(database, person, round_.first)
    pages = [Answer(404, "", ""), Answer(200, "", "Another one"), Answer(200, "", round_.first)]
    monkeypatch.setattr(round_.browser, "get", lambda _: pages.pop(0))

    assert [len(list(round_.hidden())) for _ in range(3)] == [1, 1, 0]


GENERATING = '{"messages": [{"text": "@r-1 60 0", "state": null}, {"text": "%s", "state": "generating"}]}'


@pytest.mark.parametrize(
    ("form", "shown", "body", "wrong"),
    [
        ("json", 1, GENERATING % "", 2),
        ("json", 0, GENERATING % "", 0),
        ("json", 2, GENERATING % "w0 w1", 0),
        ("md", 2, "w0", 1),
        ("txt", 2, "w0 w1 w2", 0),
    ],
)
def test_an_export_that_holds_less_than_was_shown_is_seen(form: str, shown: int, body: str, wrong: int) -> None:
    assert len(exports.judged(form, shown, Answer(200, "", body))) == wrong


@pytest.mark.parametrize(
    ("words", "state", "adoptions", "calls", "spared", "wrong"),
    [
        ("w0 w1 w2", "complete", 0, 1, True, 0),
        ("w0 w1 w2", "complete", 1, 1, True, 0),  # the app could not find out whether its COMMIT was done
        ("w0 w1 w2", "complete", 1, 2, False, 0),
        ("w0 w1 w2", "complete", 1, 2, True, 1),
        ("w0 w1 w2", "complete", 0, 2, False, 1),
        ("w0 w1", "complete", 0, 1, True, 1),
        ("w0 w1", "failed", 0, 1, True, 1),
        ("w0 w1", "interrupted", 1, 2, False, 1),
    ],
)
def test_an_answer_that_was_asked_for_again_cut_or_ended_for_no_reason_is_seen(
    database: Database, person: int, words: str, state: str, adoptions: int, calls: int, spared: bool, wrong: int
) -> None:
    turn = answered(database, asked(database, person, question("r-1", 3, 0)), words, state)
    with database.write() as connection:
        connection.execute(update(replies).where(replies.c.id == turn.reply_id).values(attempts=adoptions))
    round_ = Round("r-1", "held", bare(database), Random(1))
    round_.server.model.calls["r-1"] = calls

    assert len(list(round_.check(spared))) == wrong


def test_a_page_that_broke_is_seen(database: Database, person: int) -> None:
    answered(database, asked(database, person, question("r-1", 1, 0)), "w0")
    round_ = Round("r-1", "held", bare(database), Random(1))
    received = [bytearray(f"HTTP/1.1 {status} Status\r\n\r\n".encode()) for status in (200, 503, 404, 500)]
    round_.pages = [Watching(Browser(0), 2, received=received)]

    assert len(list(round_.check(spared=True))) == 2


def test_a_round_that_broke_is_seen(database: Database, person: int) -> None:
    answered(database, asked(database, person, question("r-1", 1, 0)), "w0")
    round_ = Round("r-1", "held", bare(database), Random(1))

    def broken(_: str) -> None:
        raise AssertionError("It broke.")

    round_.person.send = broken  # type: ignore[method-assign, assignment]
    round_.play()

    (line,) = round_.check(spared=True)
    assert "It broke." in line
