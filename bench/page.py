"""Measure the page: its weight, how soon it is usable, and one answer watched in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser

from bench import stored
from bench.chromium import Tab, chromium
from bench.load import measured
from bench.loads import WARMING
from bench.servers import Server
from bench.setup import Bound, Row, Scenario, Setup
from bench.watching import Answer, turn

SHORT, LONG = 20, 2_000
"""How many messages the short and the long conversation hold."""

LOADS, VISITS, TURNS = 3, 3, 5
"""How often a round loads each page, sends a newcomer's first message, and times the first token of a later turn."""


def pages(setup: Setup) -> Iterator[Row]:
    """Load the first page of each server, then the conversations."""
    with on_both(setup) as (browser, both):
        reader = reader_of(setup, browser, both["ours"])
        for _ in range(1 if setup.quick else LOADS):
            for name, server in both.items():
                yield from first(browser, name, server)
            if reader:
                yield from reader.opens()


def reader_of(setup: Setup, browser: Browser, server: Server) -> Reader | None:
    """Return a user with conversations, unless the server's tree can't read the rows of the present one."""
    if not stored.fits(setup.tree):
        return None
    return Reader(browser, server, 100 if setup.quick else LONG)


def first(browser: Browser, name: str, server: Server) -> Iterator[Row]:
    """Open the first page in a fresh browser, then a second time."""
    with Tab(browser) as tab:
        yield Row(what=name, figures=tab.load(server.url))
        yield Row(what=f"{name}, again", figures=tab.load(server.url))


class Reader:
    """A user with a short and a long conversation."""

    def __init__(self, browser: Browser, server: Server, long: int):
        self._tab = Tab(browser)
        self._tab.load(server.url)
        turn(self._tab, Answer(2, 20))
        with stored.database_of(server) as database:
            person = stored.newest_person(database)
            ids = [stored.conversation(database, person, count) for count in (SHORT, long)]
        self._short, self._long = (f"{server.url}/conversations/{each}" for each in ids)

    def opens(self) -> Iterator[Row]:
        """Open both conversations; report how many times as long the last message of the long one takes."""
        short, long = self._tab.load(self._short), self._tab.load(self._long)
        yield Row(what="20 messages", figures=short)
        yield Row(what="2,000 messages", figures={**long, "times_20": long["shown_ms"] / short["shown_ms"]})


def greeted(setup: Setup) -> Iterator[Row]:
    """Send a newcomer's first message to each server."""
    with on_both(setup) as (browser, both):
        for _ in range(1 if setup.quick else VISITS):
            for name, server in both.items():
                with Tab(browser) as tab:
                    tab.load(server.url)
                    yield Row(what=name, figures=turn(tab, Answer(20, 20)))


def watched(setup: Setup) -> Iterator[Row]:
    """Watch answers on each server."""
    with on_both(setup) as (browser, both):
        for name, server in both.items():
            with Tab(browser) as tab:
                tab.load(server.url)
                yield from turns(tab, name, setup.quick)


def turns(tab: Tab, name: str, quick: bool) -> Iterator[Row]:
    """Ask for short answers to time their first token, for a long one at reading speed, and for a faster one."""
    many = 20 if quick else 200
    for _ in range(1 if quick else TURNS):
        seen = turn(tab, Answer(20, 20))
        yield Row(what=name, figures={"first_ms": seen["first_ms"]})
    yield Row(what=name, figures=turn(tab, Answer(many, 20)))
    yield Row(what=f"{name}, 100 tokens/s", figures=turn(tab, Answer(2 * many, 100)))


@contextmanager
def on_both(setup: Setup) -> Iterator[tuple[Browser, dict[str, Server]]]:
    """Start a browser and warm up the floor and Rivulet."""
    with setup.floor() as floor, setup.ours() as ours:
        both = {"floor": floor, "ours": ours}
        for name, server in both.items():
            measured(WARMING, name, setup.upstream, server)
        with chromium() as browser:
            yield browser, both


SCENARIOS = [
    Scenario("page", "the first page, and conversations of 20 and of 2,000 messages, in Chromium", pages, "chromium"),
    Scenario("greet", "a newcomer's first message, in the page", greeted, "chromium"),
    Scenario("watch", "one turn after another in the page, watched to its end", watched, "chromium"),
]

FIRST, TURN = "first page", "one turn in the page"
LAST = "a conversation of 2,000 messages: last one in view"

BOUNDS = [
    Bound(f"{FIRST}: on the wire", "page", "kb", 45, "KB", peers=("1,262", "2,665")),
    Bound(f"{FIRST}: fonts", "page", "fonts_kb", 90, "KB"),
    Bound(f"{FIRST}: requests", "page", "requests", 6, peers=("15", "233")),
    Bound(f"{FIRST}: composer usable", "page", "usable_ms", 300, "ms", floor=162, peers=("889", "3,469")),
    Bound(LAST, "page", "shown_ms", 500, "ms", row="2,000 messages", peers=("3,100", "3,063")),
    Bound(f"{LAST}, times that of one of 20", "page", "times_20", 1.2, row="2,000 messages"),
    Bound(f"{TURN}: Enter to the first token", "watch", "first_ms", 80, "ms", floor=41, peers=("185", "559")),
    Bound(f"{TURN}: the same, somebody's first", "greet", "first_ms", 80, "ms", floor=41, peers=("185", "559")),
    Bound(f"{TURN}: main thread s per 1,000 tokens", "watch", "busy_s", 6, "s", floor=3.0, peers=("19", "28")),
]
