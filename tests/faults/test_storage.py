"""Test a database that is full, locked, read-only, gone, broken or newer: the page shows a sentence, nothing is
lost."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from chat import rendering
from chat.rendering import markdown
from chat.replies import log
from chat.storage.tables import conversations, messages, people
from tests.asking import HTMX, begin, ended, reply_in
from tests.faults.harness import ENDS, Model, Server, served, text_of, until, until_ended, violations, words_stored
from tests.faults.holders import holding_file
from tests.faults.model import HEAD, ending, question, said
from tests.scripted import Gate, Scripted
from tests.serving import ROOT
from tests.turns import eventually, stored, text_stored

DRAFT = "My draft, which nobody may lose"


def path_of(server: Server) -> Path:
    """Return the path of a server's database."""
    return Path(server.environ["INSTANCE"]) / "rivulet.db"


def send_draft(server: Server) -> tuple[int, str]:
    """Send a message with a plain form; return the status and the page."""
    answer = server.browser().ask("POST", "/conversations", {"text": DRAFT}, Accept="text/html")
    return answer.status, answer.body


def limit_files(server: Server, size: int) -> None:
    """Limit the size of workers' files, as on a full disk."""
    for worker in server.workers():
        hard = resource.prlimit(worker, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (size, hard))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="Only Linux can limit a running process's files.")
def test_a_full_disk_loses_nothing_that_was_shown_and_recovers_by_itself(tmp_path: Path, model: Model) -> None:
    """F24: reads work; a send is refused with its text kept; the running answer ends, never as complete."""
    with served(tmp_path, model) as server:
        browser = server.browser()
        sent = browser.send(question("full", 100, 0.03))
        page = browser.follow(sent.reply)
        page.until_words(5)

        limit_files(server, 1)
        until(lambda: model.gone["full"])
        status, body = send_draft(server)
        read = browser.get(f"/conversations/{sent.conversation}")
        limit_files(server, resource.RLIM_INFINITY)

        assert status == 503 and DRAFT in body
        assert read.status == 200 and "w4" in read.body
        row = until_ended(server.database, sent.reply)
        page.until_over()
        assert row.state in {"interrupted", "failed"} or words_stored(server.database, sent.reply) == list(range(100))
        assert violations(server, "full", [sent.reply], [page]) == []
        after = server.browser().send(question("after-full"))
        assert until_ended(server.database, after.reply).state == "complete"


@pytest.mark.parametrize("seconds", [1, 4, pytest.param(30, marks=pytest.mark.long)])
def test_a_locked_database_delays_and_loses_nothing(tmp_path: Path, model: Model, seconds: int) -> None:
    """F26: another program holds the write lock; reads go on, the running answer and a send end well."""
    with served(tmp_path, model) as server:
        browser = server.browser()
        sent = browser.send(question("locked", 60, 0.05))
        page = browser.follow(sent.reply)
        page.until_words(5)

        with holding_file(path_of(server)):
            waiting = threading.Thread(target=send_draft, args=(server,))
            waiting.start()
            time.sleep(seconds)
            assert browser.get(f"/conversations/{sent.conversation}").status == 200
        waiting.join(60)

        page.until_over()
        row = until_ended(server.database, sent.reply)
        assert row.state == "complete" and words_stored(server.database, sent.reply) == list(range(60))
        assert violations(server, "locked", [sent.reply], [page]) == []
        assert seconds > 10 or DRAFT in texts(server)


def texts(server: Server) -> list[str]:
    """List all users' messages."""
    with server.database.read() as connection:
        return list(connection.execute(select(messages.c.text).where(messages.c.role == "user")).scalars())


def drop_tables(path: Path) -> None:
    """Rename tables that the app needs."""
    change(path, "ALTER TABLE messages RENAME TO elsewhere")


def put_tables_back(path: Path) -> None:
    """Restore them."""
    change(path, "ALTER TABLE elsewhere RENAME TO messages")


def change(path: Path, statement: str) -> None:
    """Run a statement as another program."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as connection:
        connection.execute(statement)


def test_a_database_that_is_broken_while_serving_gives_a_sentence_and_recovers(tmp_path: Path, model: Model) -> None:
    """F25: a table is missing for a while; 503, the text is kept, and the app goes on when it returns."""
    with served(tmp_path, model) as server:
        before = server.workers()
        drop_tables(path_of(server))
        status, body = send_draft(server)
        put_tables_back(path_of(server))

        sent = server.browser().send(question("recovered"))

        assert status == 503 and DRAFT in body
        assert until_ended(server.database, sent.reply).state == "complete"
        assert server.workers() == before


def spoil(path: Path) -> None:
    """Write nonsense over a database."""
    remove(path)
    path.write_bytes(b"This is no database. " * 500)


def make_newer(path: Path) -> None:
    """Give a database the version of a future release."""
    change(path, "UPDATE alembic_version SET version_num = '9999'")


def make_a_folder(path: Path) -> None:
    """Put a folder where the database should be."""
    remove(path)
    path.mkdir()


def remove(path: Path) -> None:
    """Delete a database with its log."""
    for part in path.parent.glob("rivulet.db*"):
        part.unlink()


@pytest.mark.parametrize("harm", [spoil, make_newer, make_a_folder], ids=["corrupt", "newer", "no file"])
def test_a_database_that_cant_be_used_stops_the_start_in_one_sentence(
    tmp_path: Path, model: Model, harm: Callable[[Path], None]
) -> None:
    """F25: the start overwrites nothing."""
    with served(tmp_path, model) as server:
        assert server.stop() == 0
        path = path_of(server)
        harm(path)
        before = path.read_bytes() if path.is_file() else b""

        command = [sys.executable, "-m", "gunicorn", "app:create_app()"]
        tried = subprocess.run(
            command, cwd=ROOT, env=server.environ, capture_output=True, text=True, timeout=60, check=False
        )

        said = [line for line in tried.stderr.splitlines() if "Rivulet can't start: " in line]
        assert tried.returncode == 3 and len(said) == 1, tried.stderr
        assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_database_that_was_deleted_under_the_server_gives_a_sentence_and_the_next_start_makes_a_new_one(
    tmp_path: Path, model: Model
) -> None:
    """F25: the open files are useless; a restart creates a new database."""
    with served(tmp_path, model) as server:
        remove(path_of(server))
        statuses = {send_draft(server)[0], server.browser().get("/healthz").status}
        server.stop()
        server.start()

        sent = server.browser().send(question("anew"))

        assert statuses <= {200, 503}
        assert until_ended(server.database, sent.reply).state == "complete"


def test_a_wall_clock_that_jumps_ends_no_answer(
    client: FlaskClient, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F30: the process's clock jumps an hour back and forth; leases use the database's clock, pauses are monotonic."""
    gates, real = [Gate(), Gate()], time.time
    provider.will_say("w0 ", gates[0], "w1 ", gates[1], "w2 ")
    conversation = begin(client)
    for gate, jump in zip(gates, (3600, -3600), strict=True):
        gate.wait_until_reached()
        monkeypatch.setattr(time, "time", lambda jump=jump: real() + jump)
        gate.open()

    page = ended(client, conversation)

    assert "w0 w1 w2" in page and len(provider.calls) == 1
    assert client.get("/").status_code == 200


def test_a_long_conversation_opens_and_goes_on(tmp_path: Path, model: Model) -> None:
    """F31: 10,000 turns; the model receives only what fits, and the page is complete."""
    with served(tmp_path, model) as server:
        browser = server.browser()
        sent = browser.send(question("first"))
        until_ended(server.database, sent.reply)
        leaf = grow(server, sent.conversation, sent.reply, 20_000)

        page = browser.get(f"/conversations/{sent.conversation}")
        again = browser.send(question("much-later"), conversation=sent.conversation)

        assert page.status == 200 and f'id="message-{leaf}"' in page.body
        assert until_ended(server.database, again.reply).state == "complete"


def grow(server: Server, conversation: int, parent: int, count: int) -> int:
    """Add a person's messages, each below the last; return the last one's id."""
    with server.database.write() as connection:
        first = parent + 1
        rows = [
            {"id": first + n, "conversation_id": conversation, "parent_id": first + n - 1, "role": "user",
             "text": f"Turn {n}", "created_at": 1}
            for n in range(count)
        ]  # fmt: skip
        connection.execute(insert(messages), rows)
        connection.execute(
            conversations.update().where(conversations.c.id == conversation).values(leaf_id=first + count - 1)
        )
    return first + count - 1


def test_a_megabyte_of_code_is_stored_and_shown(tmp_path: Path, model: Model) -> None:
    """F31: one code block of nearly the limit; other requests are served at the same time. Its cost:
    tests/rendering."""
    line = "w = [0] * 99  # a line of code\n"
    model.will_play("code", [HEAD, said("```python\n"), *[said(line * 100)] * 300, said("```\n"), ending()])
    with served(tmp_path, model) as server:
        browser = server.browser()
        sent = browser.send(question("code"))
        page = browser.follow(sent.reply)
        other = server.browser().send(question("beside-the-code"))

        assert until_ended(server.database, other.reply).state == "complete"
        assert until_ended(server.database, sent.reply).state == "complete"
        page.until_over()
        assert text_of(server.database, sent.reply).count(line) == 30_000
        assert browser.get(f"/conversations/{sent.conversation}").status == 200


def test_a_message_of_ten_megabytes_is_refused_with_a_sentence(tmp_path: Path, model: Model) -> None:
    """F31: nothing is stored; more sizes: tests/web/test_sockets.py."""
    with served(tmp_path, model) as server:
        answer = server.browser().ask("POST", "/conversations", {"text": "x" * 10_000_000}, Accept="text/plain")

        assert answer.status == 413 and "1 MB" in answer.body
        with server.database.read() as connection:
            assert connection.execute(select(people.c.id)).first() is None


def broken(*_: object, **__: object) -> None:
    """Raise an error."""
    raise RuntimeError("broken on purpose")


def once(real: Callable) -> Callable:
    """Raise an error at the first call, then work again."""
    left = [1]
    return lambda *given, **more: broken() if left and left.pop() else real(*given, **more)


CALL_SITES = [
    (markdown, "to_html"),
    (rendering.IncrementalRenderer, "feed"),
    (rendering.IncrementalRenderer, "begin"),
    (rendering.IncrementalRenderer, "end"),
    (log, "store"),
    (log, "insert_pieces"),
    (log, "end_reply"),
]


@pytest.mark.parametrize("again", [True, False], ids=["always", "once"])
@pytest.mark.parametrize(("place", "name"), CALL_SITES, ids=[name for _, name in CALL_SITES])
def test_what_breaks_in_our_own_code_leaves_what_was_shown_and_an_end(
    client: FlaskClient,
    provider: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    place: object,
    name: str,
    again: bool,
) -> None:
    """F38: an exception at each place that renders or stores a running answer."""
    gate = Gate()
    provider.will_say("w0 w1 ", gate, "w2 ")
    conversation = begin(client)
    gate.wait_until_reached()
    database, number = client.application.extensions["rivulet"].database, reply_in(client, conversation)
    eventually(lambda: text_stored(database, number) == "w0 w1 ")
    seen: list[bytes] = []
    watching = threading.Thread(target=follow, args=(client, number, seen), daemon=True)
    watching.start()
    eventually(lambda: any(b"w1" in part for part in seen))

    with monkeypatch.context() as patch:
        patch.setattr(place, name, broken if again else once(getattr(place, name)))
        gate.open()
        eventually(lambda: not is_running(client, number))
        watching.join(20)

    assert not watching.is_alive()
    assert (b"w2" in b"".join(seen)) <= ("w2" in text_stored(database, number))
    assert text_stored(database, number).startswith("w0 w1")
    assert stored(database, number).state in ENDS or stored(database, number).lease_until is not None
    assert client.get(f"/conversations/{conversation}").status_code == 200


def follow(client: FlaskClient, reply_id: int, seen: list[bytes]) -> None:
    """Follow a reply and keep all its output."""
    path = f"/replies/{reply_id}/generation"
    for part in client.get(path, headers=HTMX, buffered=False).iter_encoded():
        seen.append(part)


def is_running(client: FlaskClient, reply_id: int) -> bool:
    """Tell whether the process still holds a reply; without a holder its lease expires, and another process goes on."""
    return client.application.extensions["rivulet"].replies.writer.find(reply_id) is not None
