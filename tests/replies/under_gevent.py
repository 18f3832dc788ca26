"""Run sends and ticks in a process that gevent has patched; test_replies.py runs it. It prints each passed stage.

A greenlet that yields inside a write transaction holds the database until the other greenlets yield back; meanwhile
SQLite refuses their writes. `greenlet.settrace` sees every switch, so it sees these, too.
"""

from gevent import monkey

monkey.patch_all()

import sqlite3  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import traceback  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[2]))

import gevent  # noqa: E402
import greenlet  # noqa: E402

import chat.storage.transactions  # noqa: E402
from chat.metrics import Metrics  # noqa: E402
from chat.replies import Replies, writer  # noqa: E402
from chat.storage.database import Database  # noqa: E402
from tests.scripted import Scripted  # noqa: E402
from tests.turns import asked, guest, stored  # noqa: E402

RealEvent = monkey.get_original("threading", "Event")
real_sleep = monkey.get_original("time", "sleep")


class Watch:
    """Notes which greenlets are inside a write transaction, and where they yield."""

    def __init__(self, database: Database):
        self.inside: set[greenlet.greenlet] = set()
        self.gave_way: list[str] = []
        self._begin, chat.storage.transactions.begin = chat.storage.transactions.begin, self.begun
        for name in ("do_commit", "do_rollback"):
            setattr(database.engine.dialect, name, self.leaving(getattr(database.engine.dialect, name)))
        greenlet.settrace(self.switched)

    def begun(self, engine, writes: bool, wait: float):
        connection = self._begin(engine, writes, wait)
        if writes:
            self.inside.add(greenlet.getcurrent())
        return connection

    def leaving(self, end):
        def ended(connection) -> None:
            end(connection)
            self.inside.discard(greenlet.getcurrent())

        return ended

    def switched(self, what: str, between: tuple) -> None:
        if between[0] in self.inside and not between[0].dead:
            self.gave_way += traceback.format_stack(between[0].gr_frame)


class Slow(Scripted):
    """A provider that yields to other greenlets between its pieces."""

    def create_completion(self, *given, **more):
        result: Any = super().create_completion(*given, **more)
        result.pieces = partial(slowly, result.pieces)
        return result


def slowly(pieces: Callable[[], Iterator[str]]) -> Iterator[str]:
    """Yield before each piece."""
    for piece in pieces():
        time.sleep(0.001)
        yield piece


def see_an_offence(database: Database, watch: Watch) -> None:
    """Check that the watch sees a transaction that sleeps."""
    with database.write():
        time.sleep(0)
    assert watch.gave_way
    watch.gave_way.clear()
    print("seen")


def wait_for_a_busy_database(database: Database, path: Path) -> None:
    """Check that a writer waits for another program's lock while other greenlets run; otherwise this never ends."""
    held, let_go = RealEvent(), RealEvent()
    other = gevent.get_hub().threadpool.spawn(hold, path, held, let_go)
    while not held.is_set():
        time.sleep(0.001)
    waiting = gevent.spawn(guest, database, "patient")
    for _ in range(50):
        time.sleep(0.001)
    assert not waiting.ready()
    let_go.set()
    assert waiting.get(timeout=20)
    other.get(timeout=20)
    print("busy")


def hold(path: Path, held, let_go) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    held.set()
    let_go.wait()
    connection.execute("COMMIT")
    connection.close()


def disturb(path: Path) -> None:
    """Write from another program, repeatedly and briefly."""
    for _ in range(20):
        connection = sqlite3.connect(path, isolation_level=None, timeout=20)
        connection.execute("BEGIN IMMEDIATE")
        real_sleep(0.005)
        connection.execute("COMMIT")
        connection.close()


def converse(database: Database, replies: Replies, elsewhere: Replies, name: str) -> str:
    """Ask; follow the reply to its end, here and as another process; return the stored text."""
    person = guest(database, name)
    turn = asked(database, person, key=name)
    replies.start(turn)
    follower = replies.follow(turn.reply_id)
    abroad = elsewhere.follow(turn.reply_id)
    while follower.next(20) is not None:
        replies.adopt()
    while abroad.next(20) is not None:
        pass
    return stored(database, turn.reply_id).text


def main(folder: Path) -> None:
    writer.RENEWAL = 0.02
    database = Database(f"sqlite:///{folder / 'rivulet.db'}")
    database.upgrade()
    provider = Slow()
    watch = Watch(database)
    replies, elsewhere = Replies(database, {"scripted": provider}, Metrics()), Replies(database, {}, Metrics())
    see_an_offence(database, watch)
    wait_for_a_busy_database(database, folder / "rivulet.db")
    outside = gevent.get_hub().threadpool.spawn(disturb, folder / "rivulet.db")
    for _ in range(30):
        provider.will_say(*"So it goes.")
    askers = [gevent.spawn(converse, database, replies, elsewhere, f"person {number}") for number in range(30)]
    assert [asker.get(timeout=60) for asker in askers] == ["So it goes."] * 30
    outside.get(timeout=20)
    assert watch.gave_way == [], "".join(watch.gave_way)
    print("asks")
    print("done")


main(Path(sys.argv[1]))
