"""Test the start: a wrong setting stops it, and it waits for an unreachable database."""

from __future__ import annotations

import os

import pytest

from chat.config import WrongSetting
from chat.server import exits
from chat.storage import startup
from chat.storage.database import DatabaseAway
from chat.storage.engines import DatabaseUnusable
from chat.storage.startup import Startup
from tests.turns import eventually


class BringUp:
    """A start that fails some times with given errors, then succeeds."""

    def __init__(self, *errors: Exception):
        self.errors = list(errors)

    def __call__(self) -> list[str]:
        if self.errors:
            raise self.errors.pop(0)
        return ["No admin yet."]


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry almost without a pause."""
    monkeypatch.setattr(startup, "ROUND", 0.01)


def test_a_database_that_is_there_is_used_at_once() -> None:
    told: list[list[str]] = []
    starting = Startup(BringUp())

    assert starting.finish(0)
    starting.tell(told.append)

    assert told == [["No admin yet."]]


def test_a_database_that_is_away_is_waited_for_in_the_background(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[list[str]] = []
    starting = Startup(BringUp(*[DatabaseAway()] * 4))

    assert not starting.finish(0)
    starting.tell(told.append)
    assert told == []
    starting.finish_in_background()

    eventually(lambda: told == [["No admin yet."]])
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and "Waiting for the database" in said[0] and "is serving" in said[1]


def test_a_command_waits_for_a_while(capsys: pytest.CaptureFixture[str]) -> None:
    assert Startup(BringUp(*[DatabaseAway()] * 4)).finish(20)
    assert not Startup(BringUp(*[DatabaseAway()] * 400)).finish(0.05)


def test_a_start_that_breaks_in_the_background_ends_the_process_and_says_where(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)

    Startup(BringUp(DatabaseAway(), RuntimeError("no words of it"))).finish_in_background()

    eventually(lambda: codes == [exits.START_BROKE])
    assert "the start failed with RuntimeError" in caplog.text and "no words of it" not in caplog.text


@pytest.mark.parametrize("wrong", [WrongSetting("No."), DatabaseUnusable("No.")], ids=["setting", "database"])
def test_what_waiting_doesnt_mend_stops_the_start(wrong: Exception) -> None:
    with pytest.raises(type(wrong)):
        Startup(BringUp(wrong)).finish(20)


def test_a_worker_that_replaces_another_waits_where_it_would_end_the_server() -> None:
    errors = DatabaseUnusable("It is of a newer Rivulet."), RuntimeError("Something else.")

    assert Startup(BringUp(*errors), replaces=True).finish(20)


def test_what_turns_out_to_be_wrong_later_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)

    Startup(BringUp(DatabaseAway(), DatabaseUnusable("The password is wrong."))).finish_in_background()

    eventually(lambda: codes == [exits.CANNOT_START])
    assert "Rivulet can't start: The password is wrong." in capsys.readouterr().err
