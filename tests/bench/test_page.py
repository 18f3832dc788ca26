"""Test the bench's view of the page in a real Chromium."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from bench import page, servers, stored
from bench.chromium import Tab, chromium
from bench.servers import Server
from bench.watching import Answer, turn
from tests import house

needs_chromium = pytest.mark.skipif(
    not os.environ.get("CHROMIUM"), reason="No Chromium was found for the bench; set CHROMIUM to the path of one."
)


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """The fake provider."""
    with servers.upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, upstream: str) -> Iterator[Server]:
    """Rivulet."""
    with servers.rivulet(tmp_path_factory.mktemp("rivulet") / "ours", upstream) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium, whose tabs share nothing."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A page in a browser that has never been anywhere."""
    with Tab(browser) as tab:
        yield tab


@needs_chromium
def test_a_first_page_is_weighed_and_its_composer_found(ours: Server, tab: Tab) -> None:
    seen, again = tab.load(ours.url), tab.load(ours.url)

    assert seen["requests"] > again["requests"] == 1
    assert seen["kb"] > again["kb"] > 1
    assert min(seen["usable_ms"], again["usable_ms"], seen["busy_s"]) > 0


@needs_chromium
def test_a_turn_is_watched_from_enter_to_its_end(ours: Server, tab: Tab) -> None:
    tab.load(ours.url)

    first, second = (turn(tab, Answer(5, 20)) for _ in range(2))

    assert min(first["first_ms"], second["first_ms"]) > 0
    assert second["requests"] >= 2
    assert second["busy_s"] > second["script_s"] > 0


@needs_chromium
def test_the_floors_page_shows_an_answer(tmp_path: Path, upstream: str, tab: Tab) -> None:
    with servers.floor(tmp_path, upstream) as server:
        tab.load(server.url)

        seen = turn(tab, Answer(5, 20))

    assert seen["requests"] == 1 and seen["first_ms"] > 0


@needs_chromium
def test_the_last_message_of_a_conversation_is_waited_for(ours: Server, browser: Browser) -> None:
    rows = list(page.Reader(browser, ours, 60).opens())

    short, long = (row["figures"] for row in rows)
    assert short["shown_ms"] > 0
    assert long["times_20"] == long["shown_ms"] / short["shown_ms"]


def test_the_bench_stands_alone() -> None:
    modules = {path: ast.parse(path.read_text()) for path in Path(stored.__file__).parent.glob("*.py")}

    borrowed = [
        f"{path.name} imports {name}"
        for path, tree in modules.items()
        for name in house.imported(f"bench.{path.stem}", tree, set())
        if house.is_in(name, ["tests"])
    ]

    assert borrowed == []
