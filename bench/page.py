"""Scenarios of the page: what it weighs and how soon it can be used, and one answer watched in it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from playwright.sync_api import Browser

from bench import stored
from bench.chromium import Tab, chromium
from bench.servers import Server
from bench.setup import Bound, Row, Scenario, Setup
from bench.watching import Answer, turn

SHORT, LONG = 20, 2_000
"""Messages of a short and of a long conversation."""

LOADS, TURNS = 3, 5
"""How often a round loads each page, and how many turns it waits for a first token."""


def pages(setup: Setup) -> Iterator[Row]:
    """Load the first page of each, then conversations."""
    with chromium() as browser, setup.floor() as floor, setup.ours() as ours:
        reader = Reader(browser, ours, 100 if setup.quick else LONG)
        for _ in range(1 if setup.quick else LOADS):
            yield from first(browser, "floor", floor)
            yield from first(browser, "ours", ours)
            yield from reader.opens()


def first(browser: Browser, name: str, server: Server) -> Iterator[Row]:
    """Open the first page in a browser that was never anywhere, then once more."""
    with Tab(browser) as tab:
        yield Row(what=name, figures=tab.load(server.url))
        yield Row(what=f"{name}, again", figures=tab.load(server.url))


class Reader:
    """Somebody with a short and a long conversation."""

    def __init__(self, browser: Browser, server: Server, long: int):
        self._tab = Tab(browser)
        self._tab.load(server.url)
        turn(self._tab, Answer(2, 20))
        with stored.database_of(server) as database:
            person = stored.newest_person(database)
            ids = [stored.conversation(database, person, count) for count in (SHORT, long)]
        self._short, self._long = (f"{server.url}/conversations/{each}" for each in ids)

    def opens(self) -> Iterator[Row]:
        """Open both; tells how many times as long the last message of the long one needs."""
        short, long = self._tab.load(self._short), self._tab.load(self._long)
        yield Row(what="20 messages", figures=short)
        yield Row(what="2,000 messages", figures={**long, "times_20": long["shown_ms"] / short["shown_ms"]})


def watched(setup: Setup) -> Iterator[Row]:
    """Watch answers on each of them."""
    with chromium() as browser, setup.floor() as floor, setup.ours() as ours:
        yield from turns(browser, "floor", floor, setup.quick)
        yield from turns(browser, "ours", ours, setup.quick)


def turns(browser: Browser, name: str, server: Server, quick: bool) -> Iterator[Row]:
    """Ask once, a few times more for the first token, then for a long answer as people read, and for a quicker one."""
    many = 20 if quick else 200
    with Tab(browser) as tab:
        tab.load(server.url)
        yield Row(what=f"{name}, first turn", figures=turn(tab, Answer(20, 20)))
        waits = [turn(tab, Answer(20, 20))["first_ms"] for _ in range(1 if quick else TURNS)]
        slow = turn(tab, Answer(many, 20))
        yield Row(what=name, figures=slow | {"first_ms": statistics.median([*waits, slow["first_ms"]])})
        yield Row(what=f"{name}, 100 tokens/s", figures=turn(tab, Answer(2 * many, 100)))


SCENARIOS = [
    Scenario("page", "the first page, and conversations of 20 and of 2,000 messages, in Chromium", pages, "chromium"),
    Scenario("watch", "one turn in the page, watched in Chromium to its end", watched, "chromium"),
]

FIRST, WATCHED = "first page", "one turn in the page"
OPENED = "a conversation of 2,000 messages: the last one in view"

BOUNDS = [
    Bound(f"{FIRST}: on the wire", "page", "kb", 40, "KB"),
    Bound(f"{FIRST}: requests", "page", "requests", 6),
    Bound(f"{FIRST}: composer usable", "page", "usable_ms", 300, "ms"),
    Bound(OPENED, "page", "shown_ms", 500, "ms", row="2,000 messages"),
    Bound(f"{OPENED}, times that of 20", "page", "times_20", 1.2, row="2,000 messages"),
    Bound(f"{WATCHED}: Enter to the first token", "watch", "first_ms", 80, "ms", floor=41),
    Bound(f"{WATCHED}: the same, somebody's first turn", "watch", "first_ms", 80, "ms", row="ours, first turn"),
    Bound(f"{WATCHED}: main thread per 1,000 tokens", "watch", "busy_s", 6, "s", floor=3.0),
]
