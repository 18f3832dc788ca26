"""Test renewal: an older renderer's HTML is rendered again once and stored, but never over newer HTML."""

from __future__ import annotations

import pytest
from sqlalchemy import Row, select, update

from chat import rendering
from chat.conversations import Renewal, Turn, html_renewal
from chat.storage.database import Database, DatabaseAway
from chat.storage.tables import messages
from tests.turns import answered, asked, eventually, guest

PATIENCE = 20


@pytest.fixture
def old(either: Database) -> Turn:
    """A turn whose answer was rendered by an older version."""
    turn = answered(either, asked(either, guest(either, "ann")), "So it *goes*.")
    change(either, turn, html="<blink>So it goes.</blink>", html_version=rendering.VERSION - 1)
    return turn


def change(database: Database, turn: Turn, **values: object) -> None:
    """Change an answer's row."""
    with database.write() as connection:
        connection.execute(update(messages).where(messages.c.id == turn.reply_id).values(values))


def stored(database: Database, turn: Turn) -> Row:
    """Read an answer's row."""
    with database.read() as connection:
        return connection.execute(select(messages).where(messages.c.id == turn.reply_id)).one()


def test_what_an_older_renderer_made_is_made_again_and_stored(either: Database, old: Turn) -> None:
    assert Renewal(either).want(old.reply_id).wait(PATIENCE)

    message = stored(either, old)
    assert message.html == rendering.render("So it *goes*.", f"m{old.reply_id}")
    assert (message.text, message.html_version) == ("So it *goes*.", rendering.VERSION)


def test_what_is_as_it_should_be_is_not_rendered(either: Database, old: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    change(either, old, html_version=rendering.VERSION)
    monkeypatch.setattr(rendering, "render", lambda *_: pytest.fail("it was rendered"))

    assert Renewal(either).want(old.reply_id).wait(PATIENCE)

    assert stored(either, old).html == "<blink>So it goes.</blink>"


def test_an_answer_that_somebody_continues_meanwhile_keeps_what_is_written(
    either: Database, old: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rendered(*_: object) -> str:
        change(either, old, text="So it goes on.", html="<p>So it goes on.</p>")
        return "late"

    monkeypatch.setattr(rendering, "render", rendered)

    assert Renewal(either).want(old.reply_id).wait(PATIENCE)

    assert stored(either, old).html == "<p>So it goes on.</p>"


def test_a_message_that_is_gone_is_passed_over(either: Database) -> None:
    assert Renewal(either).want(99).wait(PATIENCE)


def test_a_message_is_wanted_once_however_many_ask(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Renewal, "_work", lambda _: None)
    wanted = Renewal(database)

    assert wanted.want(1) is wanted.want(1) and wanted.want(1) is not wanted.want(2)


def test_no_more_than_some_wait(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Renewal, "_work", lambda _: None)
    monkeypatch.setattr(html_renewal, "MOST", 3)
    wanted = Renewal(database)

    waiting = [wanted.want(number) for number in range(5)]

    assert len(wanted._wanted) == 3 and not any(done.is_set() for done in waiting)


def test_one_that_cant_be_made_keeps_none_of_the_others_waiting(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    faults, made = [ValueError(), DatabaseAway()], []

    def renew(_: Renewal, message_id: int) -> None:
        if faults:
            raise faults.pop()
        made.append(message_id)

    monkeypatch.setattr(Renewal, "_renew", renew)
    wanted = Renewal(database)

    assert all(done.wait(PATIENCE) for done in [wanted.want(number) for number in (1, 2, 3)])

    eventually(lambda: wanted._thread is None)
    assert made == [3] and "the renewal of message 2" in caplog.text
