"""Test the bench's view of the page in a real Chromium."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import page, servers, stored
from bench.chromium import Tab, chromium
from bench.servers import Server
from bench.watching import Answer, turn
from tests import house

needs_chromium = pytest.mark.skipif(
    not os.environ.get("CHROMIUM"), reason="No Chromium was found for the bench; set CHROMIUM to the path of one."
)


@pytest.fixture
def upstream() -> Iterator[str]:
    """The fake provider."""
    with servers.upstream() as upstream:
        yield upstream


@pytest.fixture
def ours(tmp_path: Path, upstream: str) -> Iterator[Server]:
    """Rivulet's server."""
    with servers.rivulet(tmp_path / "ours", upstream) as server:
        yield server


@pytest.fixture
def tab() -> Iterator[Tab]:
    """A page in a fresh browser."""
    with chromium() as browser, Tab(browser) as tab:
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
def test_the_last_message_of_a_conversation_is_waited_for(ours: Server) -> None:
    with chromium() as browser:
        rows = list(page.Reader(browser, ours, 60).opens())

    short, long = (row["figures"] for row in rows)
    assert short["shown_ms"] > 0
    assert long["times_20"] == long["shown_ms"] / short["shown_ms"]


def test_an_answer_is_asked_for_in_the_providers_words() -> None:
    assert str(Answer(200, 20)) == "bench id=1 tokens=200 rate=20 kind=prose"


def test_the_bench_stands_alone() -> None:
    modules = {path: ast.parse(path.read_text()) for path in Path(stored.__file__).parent.glob("*.py")}

    borrowed = [
        f"{path.name} imports {name}"
        for path, tree in modules.items()
        for name in house.imported(f"bench.{path.stem}", tree, set())
        if house.is_in(name, ["tests"])
    ]

    assert borrowed == []
