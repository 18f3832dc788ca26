"""Test a real browser behind routers that cut or buffer: the answer arrives complete and only once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import send
from tests.faults.browser import WORD
from tests.faults.harness import Hurried, served
from tests.faults.model import Model, question
from tests.routers import BUFFERING, CUTTING, NGINX, Kind, Router

CUT = ("net::ERR_INCOMPLETE_CHUNKED_ENCODING", "htmx:sse:error: network error")
"""The errors that Chromium and htmx log when a connection is cut; a page can't prevent them."""

GIVEN_UP = "htmx:error: timeout"
"""The error that htmx logs after waiting a minute for a response; it then asks again."""

PATIENCE = 60_000
"""How long an answer may take, in milliseconds."""


@contextmanager
def behind(kind: Kind, folder: Path, haste: int = 1) -> Iterator[Router]:
    """Serve the app behind a router, with the times of its streams divided by `haste`."""
    with (
        Model() as model,
        served(folder, model, Hurried, HASTE=str(haste)) as server,
        Router(kind, server.port) as router,
    ):
        yield router


def noted(page: Page) -> list[str]:
    """Return the list of a page's future console messages."""
    notes: list[str] = []
    page.on("console", lambda message: notes.append(message.text))
    return notes


def answer(page: Page) -> list[int]:
    """Wait for the end of the only answer; return the numbers of its words."""
    expect(page.locator(".reply--complete")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".reply")).to_have_count(1)
    return [int(number) for number in WORD.findall(page.locator(".reply__body").inner_text())]


def test_an_answer_whose_connection_is_cut_again_and_again(tmp_path: Path, visit: Callable[..., Page]) -> None:
    """F19: the page follows again by itself; the console holds only the browser's and htmx's notes of a cut."""
    with behind(CUTTING.faster(2.5), tmp_path) as router:
        page = visit(router.url)
        notes = noted(page)
        send(page, question("cut", 60, 0.1))

        assert answer(page) == list(range(60))
        assert [note for note in notes if not any(cut in note for cut in CUT)] == [] and router.did["cut"] > 1
        expect(page.locator("#problem")).to_be_empty()


def test_a_stream_ends_before_it_can_be_cut_and_the_page_asks_again(tmp_path: Path, visit: Callable[..., Page]) -> None:
    """F19: five minutes are two seconds here; the console stays empty."""
    with behind(NGINX, tmp_path, haste=150) as router:
        page = visit(router.url)
        notes, follows = noted(page), []
        page.on("request", lambda request: follows.append(request) if "generation" in request.url else None)
        send(page, question("long", 60, 0.1))

        assert answer(page) == list(range(60))
        assert notes == [] and len(follows) > 2 and router.did == {}


@pytest.mark.parametrize(
    ("words", "pause"),
    [(20, 0.1), pytest.param(90, 1, marks=[pytest.mark.long, pytest.mark.timeout(300)])],
    ids=["short", "longer than htmx waits for a response"],
)
def test_an_answer_that_a_router_holds_back_appears_at_its_end(
    tmp_path: Path, visit: Callable[..., Page], words: int, pause: float
) -> None:
    """F19: the page shows nothing earlier, because each response waits for its own end."""
    with behind(BUFFERING, tmp_path) as router:
        page = visit(router.url)
        notes = noted(page)
        send(page, question("held", words, pause))
        expect(page.locator(".reply[aria-busy]")).to_be_visible()
        page.wait_for_timeout(1000 * words * pause)

        assert answer(page) == list(range(words))
        assert [note for note in notes if GIVEN_UP not in note] == []
        expect(page.locator("#problem")).to_be_empty()


def test_an_answer_goes_on_where_its_connection_died_without_a_word(tmp_path: Path, visit: Callable[..., Page]) -> None:
    """A machine slept, or changed its network. The page waits for 40 s, and 15 s for each dead connection that it tries
    again; its clock skips them here."""
    with behind(NGINX, tmp_path) as router:
        page = visit(router.url)
        page.clock.install()
        page.reload()
        follows = []
        page.on("request", lambda request: follows.append(request) if "generation" in request.url else None)
        send(page, question("dead", 40, 0.1))
        expect(page.locator(".reply__body")).to_contain_text("w5")
        router.die()
        page.wait_for_timeout(1_000)
        before = len(follows)

        for _ in range(6):
            page.clock.fast_forward(15_000)
            page.wait_for_timeout(300)

        assert answer(page) == list(range(40))
        assert before == 1 and len(follows) > 1
