"""Test workers and machines that die: no shown text is lost, and the answer goes on by itself."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import update

from chat.storage.database import Database
from chat.storage.tables import replies
from tests.faults import harness
from tests.faults.harness import Model, served, until, until_ended, violations, words_stored
from tests.faults.model import HEAD, ending, question, thought, words
from tests.faults.rounds import Rounds
from tests.providers.server import SILENCE

WORDS = 60
PAUSE = 0.05


def test_an_answer_goes_on_in_another_worker_when_its_own_is_killed(tmp_path: Path, model: Model) -> None:
    """F1: SIGKILL of the worker in mid-answer; the others' answers are unharmed."""
    with served(tmp_path, model, WEB_CONCURRENCY="2") as server:
        browser = server.browser()
        names = [f"killed-{number}" for number in range(8)]
        sent = [browser.send(question(name, WORDS, PAUSE)) for name in names]
        pages = [browser.follow(turn.reply) for turn in sent]
        for page in pages:
            page.until_words(10)

        server.send_signal(signal.SIGKILL, server.owner(names[0]))
        for page in pages:
            page.until_over()

        rows = [until_ended(server.database, turn.reply) for turn in sent]
        found = [violations(server, name, [turn.reply], pages) for name, turn in zip(names, sent, strict=True)]
        assert found == [[]] * 8
        assert [row.state for row in rows] == ["complete"] * 8
        assert [len(words_stored(server.database, turn.reply)) for turn in sent] == [WORDS] * 8
        assert rows[0].attempts == 1 and model.calls[names[0]] == 2


def test_reasoning_is_kept_once_when_its_worker_is_killed(tmp_path: Path, model: Model) -> None:
    """F1: SIGKILL of the worker while the model thinks; it thinks again in the other one."""
    model.will_play(
        "thinks",
        [HEAD, *(thought(f"t{number} ") for number in range(20)), SILENCE],
        [HEAD, thought("Again."), *words(0, 5), ending()],
    )
    with served(tmp_path, model, WEB_CONCURRENCY="2") as server:
        browser = server.browser()
        sent = browser.send(question("thinks"))
        page = browser.follow(sent.reply)
        until(lambda: b"t19" in b"".join(page.received))

        server.send_signal(signal.SIGKILL, server.owner("thinks"))
        page.until_over()

        row = until_ended(server.database, sent.reply)
        first = "".join(f"t{number} " for number in range(20))
        assert (row.state, row.attempts, row.reasoning) == ("complete", 1, f"{first}\n\nAgain.")
        assert words_stored(server.database, sent.reply) == list(range(5))


def test_an_answer_that_nobody_watches_goes_on_in_the_worker_that_follows(tmp_path: Path, model: Model) -> None:
    """F1: SIGKILL of the only worker; gunicorn starts another one, which finds the answer."""
    with served(tmp_path, model) as server:
        sent = server.browser().send(question("alone", WORDS, PAUSE))
        until(lambda: len(words_stored(server.database, sent.reply)) > 5)

        server.send_signal(signal.SIGKILL, server.owner("alone"))

        row = until_ended(server.database, sent.reply)
        assert (row.state, row.attempts, model.calls["alone"]) == ("complete", 1, 2)
        assert violations(server, "alone", [sent.reply], []) == []
        assert len(words_stored(server.database, sent.reply)) == WORDS


def test_an_answer_that_has_lost_two_workers_ends_interrupted_when_it_loses_the_third(
    tmp_path: Path, model: Model
) -> None:
    """F1: a text that kills its workers stops after two adoptions, with its whole text so far."""
    with served(tmp_path, model) as server:
        browser = server.browser()
        sent = browser.send(question("deadly", 400, PAUSE))
        page = browser.follow(sent.reply)
        page.until_words(10)
        with server.database.write() as connection:
            connection.execute(update(replies).where(replies.c.id == sent.reply).values(attempts=2))

        server.send_signal(signal.SIGKILL, server.owner("deadly"))

        shown = page.until_over()
        row = until_ended(server.database, sent.reply)
        assert (row.state, model.calls["deadly"]) == ("interrupted", 1)
        assert violations(server, "deadly", [sent.reply], [page]) == []
        assert row.error and "w9" in shown.text


def test_a_worker_that_wakes_up_again_writes_nothing_into_an_answer_it_has_lost(tmp_path: Path, model: Model) -> None:
    """F1: SIGSTOP of the worker for longer than its lease, then SIGCONT."""
    with served(tmp_path, model, WEB_CONCURRENCY="2") as server:
        sent = server.browser().send(question("asleep", 100, PAUSE))
        until(lambda: len(words_stored(server.database, sent.reply)) > 5)
        sleeper = server.owner("asleep")
        server.send_signal(signal.SIGSTOP, sleeper)
        until(lambda: model.calls["asleep"] == 2)

        server.send_signal(signal.SIGCONT, sleeper)

        row = until_ended(server.database, sent.reply)
        assert (row.state, row.attempts) == ("complete", 1)
        assert words_stored(server.database, sent.reply) == list(range(100))
        assert violations(server, "asleep", [sent.reply], []) == []


def test_an_answer_goes_on_after_the_whole_server_died(tmp_path: Path, model: Model) -> None:
    """F2: SIGKILL of the master and all workers, then a start on the same database."""
    with served(tmp_path, model, WEB_CONCURRENCY="2") as server:
        browser = server.browser()
        sent = browser.send(question("all", WORDS, PAUSE))
        page = browser.follow(sent.reply)
        page.until_words(10)

        server.kill()
        server.start()

        page.until_over()
        row = until_ended(server.database, sent.reply)
        assert (row.state, row.attempts) == ("complete", 1)
        assert violations(server, "all", [sent.reply], [page]) == []
        assert len(words_stored(server.database, sent.reply)) == WORDS
        assert len(page.received) > 1 and integrity(tmp_path / "instance" / "rivulet.db") == "ok"


def test_a_database_cut_anywhere_in_its_log_opens_with_a_prefix_of_what_was_said(tmp_path: Path, model: Model) -> None:
    """F3: power loss; the write-ahead log (WAL) is cut at every frame and in the middle of one."""
    with served(tmp_path, model) as server:
        sent = server.browser().send(question("power", 30, 0.02))
        until_ended(server.database, sent.reply)
        log = tmp_path / "instance" / "rivulet.db-wal"
        frame = 24 + 4096
        whole = log.stat().st_size
        lengths = [32 + number * frame // 2 for number in range(2 * (whole - 32) // frame + 1)]
        copies = [copy_cut(tmp_path / "instance", tmp_path / f"cut-{length}", length) for length in lengths]

        found = [state_of(path, sent.reply) for path in copies]

        assert len(found) > 20 and found[-1] == ("complete", list(range(30)))
        assert all(numbers == list(range(len(numbers))) for _, numbers in found)
        assert [state for state, _ in found] == sorted((state for state, _ in found), key=ORDER.index)


ORDER = ["missing", "generating", "complete"]


def copy_cut(instance: Path, folder: Path, length: int) -> Path:
    """Copy a database with the first bytes of its log."""
    folder.mkdir()
    shutil.copy(instance / "rivulet.db", folder)
    shutil.copy(instance / "rivulet.db-wal", folder)
    os.truncate(folder / "rivulet.db-wal", length)
    return folder / "rivulet.db"


def state_of(path: Path, reply_id: int) -> tuple[str, list[int]]:
    """Open a database as a start does; return a reply's state and stored words."""
    assert integrity(path) == "ok"
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    row = harness.reply(database, reply_id)
    found = (row.state, words_stored(database, reply_id)) if row else ("missing", [])
    database.dispose()
    return found


def integrity(path: Path) -> str:
    """Run SQLite's integrity check on a database."""
    with sqlite3.connect(path, timeout=20) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


@pytest.mark.long
def test_two_hundred_kills_at_moments_of_their_own_lose_nothing(tmp_path: Path) -> None:
    """F1: the random rounds, with one kind of fault."""
    rounds = Rounds(tmp_path, seed=1, kinds=["kill"])

    rounds.run(200)

    assert rounds.violations == []
