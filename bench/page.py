"""What a page weighs and how soon it can be used, in a real Chromium: `bin/bench page`.

Each row is the median of some loads. Bytes are those of the wire, heads included; `usable` is when the composer is
there and the scripts have run, `last in view` when the last message is; both since the address was called.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from chat.database import Database
from tests.browser.conftest import ARGUMENTS
from tests.serving import Gunicorn, gunicorn, upstream
from tests.turns import answered, asked

SHORT, LONG = 20, 2_000
"""Messages of a short and of a long conversation."""

USABLE = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
IN_VIEW = """() => {
  const last = document.querySelector(".messages > :last-child") ?? document.getElementById("text")
  return last?.getBoundingClientRect().top < innerHeight && performance.now()
}"""


@dataclass
class Load:
    """What was seen of one load."""

    received: dict[str, float] = field(default_factory=dict)
    usable: float = 0.0
    in_view: float = 0.0

    @property
    def kilobytes(self) -> float:
        """All that was received."""
        return sum(self.received.values()) / 1000


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What a page weighs, and how soon it can be used.")
    parser.add_argument("--loads", type=int, default=9)
    loads = parser.parse_args().loads
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rivulet-bench-")))
        server = stack.enter_context(gunicorn(folder, stack.enter_context(upstream())))
        browser = stack.enter_context(chromium())
        print("| what | KB | requests | usable, ms | last in view, ms |\n|---|---:|---:|---:|---:|")
        for name, seen in rows(browser, server, folder, loads):
            print(row(name, seen), flush=True)
    return 0


def rows(browser: Browser, server: Gunicorn, folder: Path, loads: int) -> Iterator[tuple[str, list[Load]]]:
    """Measure each row."""
    yield "first page, first visit", several(loads, lambda: visit(browser, server.url))
    yield "first page, again", several(loads, lambda: visit(browser, server.url, before=server.url))
    page, person = guest(browser, server, folder)
    for count in (SHORT, LONG):
        address = f"{server.url}/conversations/{conversation(folder, person, count)}"
        yield f"a conversation of {count:,} messages", several(loads, partial(loaded, page, address))


def several(count: int, load: Callable[[], Load]) -> list[Load]:
    """Load some times."""
    return [load() for _ in range(count)]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the Chromium that CHROMIUM names."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=ARGUMENTS)
        yield browser
        browser.close()


def visit(browser: Browser, url: str, before: str = "") -> Load:
    """Load a page in a new browser, which may have been somewhere `before`."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    if before:
        page.goto(before, wait_until="networkidle")
    seen = loaded(page, url)
    page.close()
    return seen


def loaded(page: Page, url: str) -> Load:
    """Load a page, and note what comes over the wire."""
    seen, wire = Load(), page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda end: seen.received.update({end["requestId"]: end["encodedDataLength"]}))
    page.goto(url, wait_until="commit")
    seen.in_view = page.wait_for_function(IN_VIEW).json_value()
    page.wait_for_load_state("networkidle")
    seen.usable = page.evaluate(USABLE)
    wire.detach()
    seen.received = {name: size for name, size in seen.received.items() if size}
    return seen


def guest(browser: Browser, server: Gunicorn, folder: Path) -> tuple[Page, int]:
    """Become somebody with a history; gives the page and the person's id."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(server.url)
    page.locator("#text").fill("Hello")
    page.keyboard.press("Enter")
    page.locator(".reply--complete").wait_for()
    return page, newest_person(folder)


def newest_person(folder: Path) -> int:
    """Find the person who came last."""
    with database(folder).read() as connection:
        return connection.exec_driver_sql("SELECT max(id) FROM people").scalar_one()


def conversation(folder: Path, person: int, count: int) -> int:
    """Store a conversation of so many messages; gives its id."""
    here, turn = database(folder), None
    for number in range(count // 2):
        turn = asked(here, person, f"Question {number}?", turn and turn.conversation_id)
        answered(here, turn, f"Answer {number}: the river bends where its bed is soft. " * 5)
    assert turn
    return turn.conversation_id


def database(folder: Path) -> Database:
    """Open the server's database."""
    return Database(f"sqlite:///{folder / 'instance' / 'rivulet.db'}")


def row(name: str, loads: list[Load]) -> str:
    """Write a row of the table."""
    kilobytes, usable, in_view = (
        statistics.median(values)
        for values in zip(*[(load.kilobytes, load.usable, load.in_view) for load in loads], strict=True)
    )
    requests = statistics.median(len(load.received) for load in loads)
    return f"| {name} | {kilobytes:.1f} | {requests:.0f} | {usable:.0f} | {in_view:.0f} |"


if __name__ == "__main__":
    sys.exit(main())
