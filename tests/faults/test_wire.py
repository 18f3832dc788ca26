"""Test that the wire breaks, delays and goes silent at the chosen place; otherwise other tests prove little."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest

from tests.faults.wire import DELAY, SWALLOW, Fault, Wire, first, nth
from tests.postgres import Postgres

SAY = "INSERT INTO words VALUES (%s)"
COUNT = "SELECT count(*) FROM words"
PLACES = pytest.mark.parametrize(("place", "words"), [("before", 0), ("in", 1), ("half", 1)])


class Table:
    """A table of words in a database, reached directly and through a wire."""

    def __init__(self, server: Postgres, stack: ExitStack):
        self.port, self.stack = server.port, stack
        self.address = server.new_database()
        with psycopg.connect(self.address) as connection:
            connection.execute("CREATE TABLE words (word text)")

    def say(self, wire: Wire, *words: str) -> psycopg.Connection:
        """Begin a transaction through a wire and insert words; return the connection."""
        connection = psycopg.connect(wire.address(self.address))
        self.stack.callback(connection.close)
        for word in words:
            connection.execute(SAY, [word])
        return connection

    def stored(self) -> int:
        """Count the committed words."""
        with psycopg.connect(self.address) as connection:
            (number,) = connection.execute(COUNT).fetchone() or (0,)
            return number


@pytest.fixture
def table(database_server: Postgres) -> Iterator[Table]:
    """An empty table."""
    with ExitStack() as stack:
        yield Table(database_server, stack)


def test_a_wire_that_hurts_nothing_passes_everything_on(table: Table) -> None:
    with Wire(table.port) as wire, table.say(wire, *"abcdefgh") as connection, connection.cursor() as cursor:
        cursor.executemany(SAY, [["i"], ["j"]])

    assert table.stored() == 10 and wire.did.total() == 0


@PLACES
def test_a_broken_commit_has_happened_or_not_by_its_place(table: Table, place: str, words: int) -> None:
    with Wire(table.port) as wire:
        with wire.hurting(nth(1, Fault(place))), pytest.raises(psycopg.OperationalError):
            table.say(wire, "one").commit()

        assert table.stored() == words and wire.did == {Fault(place): 1}
        table.say(wire, "two").commit()
        assert table.stored() == words + 1


def test_a_connection_that_breaks_after_its_commit_has_told_of_it(table: Table) -> None:
    with Wire(table.port) as wire, wire.hurting(nth(1, Fault("after"))):
        connection = table.say(wire, "one")
        connection.commit()

        with pytest.raises(psycopg.OperationalError):
            connection.execute(COUNT)

    assert table.stored() == 1


@pytest.mark.parametrize("place", ["before", "in", "half"])
def test_a_delay_is_late_and_loses_nothing(table: Table, place: str) -> None:
    with Wire(table.port) as wire, wire.hurting(nth(1, Fault(place, DELAY, 0.3))):
        connection, began = table.say(wire, "one"), time.monotonic()
        connection.commit()

        assert time.monotonic() - began >= 0.3 and connection.execute(COUNT).fetchone() == (1,)


@PLACES
def test_a_silent_connection_waits_while_others_work_and_breaks_at_last(table: Table, place: str, words: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        with Wire(table.port) as wire:
            with wire.hurting(nth(1, Fault(place, SWALLOW, 600))):
                waiting = pool.submit(table.say(wire, "one").commit)
                table.say(wire, "two").commit()
            assert not waiting.done() and table.stored() == words + 1
        assert isinstance(waiting.exception(), psycopg.OperationalError)


def test_a_silence_ends_in_a_break(table: Table) -> None:
    with Wire(table.port) as wire, wire.hurting(nth(1, Fault("in", SWALLOW, 0.1))):
        with pytest.raises(psycopg.OperationalError):
            table.say(wire, "one").commit()

        assert table.stored() == 1


def test_a_commit_is_chosen_by_the_statements_of_its_transaction(table: Table) -> None:
    with Wire(table.port) as wire, wire.hurting(first(Fault("in"), "INSERT INTO words", "DELETE FROM words")):
        connection = table.say(wire)
        for _ in range(8):  # by then psycopg has prepared the statement, and sends only its name
            connection.execute(SAY, ["one"])
            connection.commit()
        connection.execute("DELETE FROM words")
        connection.commit()
        connection.execute("DELETE FROM words")
        connection.execute(SAY, ["two"])
        with pytest.raises(psycopg.OperationalError):
            connection.commit()

    assert table.stored() == 1 and wire.did.total() == 1
