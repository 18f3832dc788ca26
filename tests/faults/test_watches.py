"""Test that each watch sees an offence: of the server's health, its log, its workers, its database."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from chat.storage.database import Database, clock
from chat.storage.tables import replies
from tests.faults import harness
from tests.faults.bare import bare
from tests.faults.browser import Answer
from tests.faults.rounds import blows, journal, watches
from tests.faults.rounds.stage import Outage
from tests.faults.rounds.watches import Health, Stored
from tests.faults.rounds.waves import Wave
from tests.turns import asked

OK = Answer(200, "", "ready\n")
LINE = "2026-01-31 18:00:00,123 {} {}: {} [{}]"


def test_a_worker_is_spared_unless_it_died_or_nobody_knows() -> None:
    nothing, silence = blows.Blow(bare(Database("sqlite:///x"))), blows.Silence(bare(Database("sqlite:///x")))
    harmed = blows.Blow(nothing.stage)
    harmed.dead = {1}

    assert nothing.spares(None) and harmed.spares(2)
    assert not harmed.spares(1) and not harmed.spares(None) and not silence.spares(2)


@pytest.mark.parametrize(
    ("alive", "ready", "away", "wrong"),
    [
        (OK, OK, False, 0),
        (None, None, True, 0),
        (OK, Answer(503, "", "The database is away.\n"), True, 0),
        (Answer(503, "", "no"), OK, False, 1),
        (OK, Answer(503, "", "\n"), True, 1),
        (OK, Answer(500, "", "Something broke."), True, 1),
        (OK, OK, True, 1),
    ],
)
def test_a_server_that_misjudges_itself_is_seen(
    alive: Answer | None, ready: Answer | None, away: bool, wrong: int
) -> None:
    assert len(list(watches.unwell(alive, ready, away))) == wrong


def test_a_server_that_ends_says_nothing_or_never_gets_ready_is_seen(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[bool] = []
    ended = {"process": SimpleNamespace(poll=lambda: 3), "launch": lambda: launched.append(True)}
    health = Health(bare(database, **ended))
    health.heard -= 60
    monkeypatch.setattr(health, "ask", lambda _: None)
    monkeypatch.setattr(watches, "READY", 0.1)

    health.look()
    health.until_ready()

    assert len(health.found) == 3 and launched == [True]


def test_a_server_that_was_told_to_stop_is_no_offence(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    health = Health(bare(database, process=SimpleNamespace(poll=lambda: 0)))
    health.stage.stopped = True
    monkeypatch.setattr(health, "ask", lambda _: OK)

    health.look()

    assert health.found == set()


def test_a_worker_that_ends_unhurt_is_seen(database: Database, tmp_path: Path) -> None:
    (tmp_path / "stderr").touch()
    blow = blows.Blow(bare(database, log=tmp_path / "stderr"))
    wave = Wave(blow.stage, blow, [])
    wave.before, blow.dead = {1, 2, 3, 4}, {3}

    assert list(wave._check_workers()) == ["1 workers ended that nobody had hurt"]


def test_a_reply_without_a_lease_is_seen_by_the_time_since_one_could_write(database: Database, person: int) -> None:
    turn, outage = asked(database, person), Outage()
    leases = harness.Leases(database, outage.writable_since)
    with database.write() as connection:
        connection.execute(update(replies).values(lease_until=clock() - 1))
    leases.look()

    with outage.lasting():
        leases.since = {turn.reply_id: time.monotonic() - 60}
        during = leases.look()
    leases.since = {turn.reply_id: time.monotonic() - 60}
    after = leases.look()
    outage.ended -= 60
    leases.since = {turn.reply_id: time.monotonic() - 60}

    assert (during, after, leases.look()) == ([], [], [turn.reply_id])


def test_a_state_that_goes_back_is_seen(database: Database) -> None:
    stored = Stored(bare(database))
    for state in ("generating", "complete", "generating"):
        stored.note(2, state)

    assert stored.found == {"reply 2 went from complete to generating"}


def test_a_database_that_cant_be_read_is_seen_unless_it_is_away(tmp_path: Path) -> None:
    stored = Stored(bare(Database(f"sqlite:///{tmp_path / 'empty.db'}")))
    with stored.stage.outage.lasting():
        stored.look()
    found = set(stored.found)
    stored.look()

    assert found == set() and len(stored.found) == 1
    stored.stage.server.database.dispose()


def test_what_a_log_may_not_say_is_seen() -> None:
    sent = [LINE.format("INFO", "journal", "POST /conversations 503 9 B 2 ms", "a" * 32)]
    failed = [LINE.format("ERROR", "chat.routes.errors", "the database failed", "a" * 32)]
    streamed = [
        LINE.format("INFO", "journal", f"GET / 200 stream{end}", "b" * 32) for end in (" 2 ms", " ended, 9 B 2 ms")
    ]
    away, unread = (
        f"2026-01-31 18:00:00,123 ERROR chat.{who}: away" for who in ("storage.transactions", "replies.reader")
    )
    trace = ["Traceback (most recent call last):", "2026-01-31 18:00:00,123 ERROR x: a look failed with OSError at"]

    assert list(journal.repeated([*sent, *streamed, away])) == [] != list(journal.repeated(sent + failed))
    assert list(journal.wordy([away] * 8 + [unread] * 2 + sent * 9, 2)) == []
    assert list(journal.wordy([away] * 9, 2)) != [] and list(journal.wordy([unread] * 3, 2)) != []
    assert list(journal.traces([*sent, away])) == [] and all(list(journal.traces([line])) for line in trace)


def test_a_log_is_read_from_where_it_stands(tmp_path: Path) -> None:
    log = tmp_path / "stderr"
    log.write_text("before\n")
    since = journal.Journal(log)
    log.write_text("before\nafter\n")

    assert since.lines() == ["after"]
