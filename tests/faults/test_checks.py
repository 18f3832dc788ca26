"""Test the faults' own checks: each sees an offence, since a check that can't fail proves nothing."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import update

from chat.replies import log
from chat.replies.log import ReplyUpdate
from chat.storage.database import Database, clock
from chat.storage.tables import replies
from tests.faults import browser, harness
from tests.faults.browser import Browser, Watching
from tests.faults.rounds import Rounds
from tests.turns import answered, asked

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


def event(swap: str, words: str) -> bytes:
    """Write an event that sets what reply 2 shows, or adds to it."""
    if swap == "beforeend":
        return f"data: {words}\n\n".encode()
    return f'data: <hx-partial hx-target="#reply-2-body" hx-swap="{swap}">{words}</hx-partial>\n\n'.encode()


def page(*events: bytes) -> Watching:
    """Build a page that has received these events."""
    return Watching(Browser(0), 2, received=[bytearray(HEAD + b"".join(events))])


def test_words_in_order_are_no_offence() -> None:
    watched = page(event("innerHTML", "<p>w0 w1</p>"), event("innerHTML", "<p>w0 w1 w2</p>"), event("beforeend", " w3"))

    assert list(watched.complaints()) == [] and watched.words_seen() == 4


def test_a_gap_a_double_and_a_wrong_order_on_a_page_are_seen() -> None:
    for words in ("w0 w2", "w0 w1 w1", "w1 w0"):
        assert list(page(event("innerHTML", words)).complaints()) != []


def test_the_bytes_of_an_event_that_was_cut_count_as_shown() -> None:
    cut = event("innerHTML", "w0 w1 w2 w3 ")[: -len("</hx-partial>") - 2]

    assert page(cut).words_seen() == 4


def test_chunks_are_read_as_far_as_they_have_come() -> None:
    answer = browser.read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nde")

    assert (answer.status, answer.body) == (200, "abcde")


def test_what_was_shown_and_is_not_stored_is_seen(database: Database, person: int) -> None:
    turn = answered(database, asked(database, person), "w0 w1 ")

    assert turn.reply_id == 2
    assert harness.misstored(database, 2, [page(event("innerHTML", "w0 w1 "))]) == []
    assert harness.misstored(database, 2, [page(event("innerHTML", "w0 w1 w2 "))]) != []


def test_a_gap_in_what_is_stored_is_seen(database: Database, person: int) -> None:
    turn = asked(database, person)
    assert turn.owner
    with database.write() as connection:
        log.insert_pieces(connection, [ReplyUpdate(turn.reply_id, turn.owner, 0, ["w0 ", "w2 "])])

    assert harness.misstored(database, turn.reply_id, []) != []


def test_a_reply_without_a_live_lease_for_long_is_seen(database: Database, person: int, monkeypatch) -> None:
    turn, leases = asked(database, person), harness.Leases(database)
    with database.write() as connection:
        connection.execute(update(replies).values(lease_until=clock() - 1))

    early = leases.look()
    leases.since = {number: since - 60 for number, since in leases.since.items()}

    assert early == [] and leases.look() == [turn.reply_id]


def test_twenty_random_rounds_break_no_promise(tmp_path: Path) -> None:
    rounds = Rounds(tmp_path, seed=20, kinds=("kill", "cut", "race"))

    rounds.run(20)

    assert rounds.violations == [] and rounds.done.total() == 20
