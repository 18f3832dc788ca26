"""Test many pages of one browser that show a running answer: over HTTP/1.1 they share six connections to a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.origins import NAME
from tests.browser.site import send
from tests.scripted import Gate
from tests.serving import Gunicorn, Upstream, upstream

PAGES = 7
PLACES = 4
"""How many pages of a browser follow at once: sharing.js."""


@pytest.fixture(scope="module")
def model() -> Iterator[Upstream]:
    """A scripted model."""
    with upstream() as model:
        yield model


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Upstream) -> Iterator[Gunicorn]:
    """The app under gunicorn, which speaks HTTP/1.1 and keeps connections."""
    server = Gunicorn(tmp_path_factory.mktemp("server"), model, ACCESS="open", TRUSTED_HOSTS=f"localhost,{NAME}")
    server.start()
    yield server
    server.kill()


ALL_HOLD = """places => new Promise(done => {
  const holders = new Set(), tabs = new BroadcastChannel("following")
  tabs.onmessage = ({ data }) => {
    if (data.holds) holders.add(data.me)
    if (holders.size === places) { tabs.close(); done() }
  }
  tabs.postMessage({ me: "", holds: false, asks: true })
})"""
"""Wait until so many pages have said that they follow."""


@pytest.fixture
def gate() -> Iterator[Gate]:
    """The gate at which the answer waits for a test."""
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def first(
    request: pytest.FixtureRequest, visit: Callable[..., Page], server: Gunicorn, model: Upstream, gate: Gate
) -> Page:
    """A page with an answer that has begun, over plain http at a name, unless a parameter chooses another host."""
    model.will_say("Of rivers.\n\nA river begins ", gate, "and ends.")
    page = visit(f"http://{getattr(request, 'param', NAME)}:{server.port}")
    page.set_default_timeout(20_000)
    send(page, "Tell me of rivers")
    expect(page.locator(".reply")).to_contain_text("A river begins")
    return page


@pytest.fixture
def pages(first: Page) -> list[Page]:
    """Seven visible pages of one browser, opened at once, that show the answer."""
    beside = [first.context.new_page() for _ in range(PAGES - 1)]
    for other in beside:
        other.evaluate("address => { location = address }", first.url)
    return [first, *beside]


def follows(request: Request) -> bool:
    """Tell whether a page streams the answer."""
    return request.url.endswith("/generation")


def replies(pages: list[Page]) -> list[Locator]:
    """Find the running answer in each page."""
    return [page.locator(".reply[aria-busy]") for page in pages]


@pytest.mark.parametrize("first", ["localhost", NAME], indirect=True)
def test_seven_pages_and_a_late_one_show_an_answer_to_its_end(pages: list[Page], gate: Gate) -> None:
    for reply in replies(pages):
        expect(reply).to_contain_text("A river begins")
    late = pages[0].context.new_page()
    late.goto(pages[0].url)
    expect(late.locator(".reply[aria-busy]")).to_contain_text("A river begins")

    gate.open()

    for page in [*pages, late]:
        expect(page.locator(".reply--complete")).to_contain_text("A river begins and ends.")


def test_stop_in_the_seventh_page_stops_while_it_runs(pages: list[Page], gate: Gate) -> None:
    expect(pages[-1].locator(".reply[aria-busy]")).to_contain_text("A river begins")

    with pages[-1].expect_response("**/stop") as stopped:
        pages[-1].get_by_role("button", name="Stop").click()

    assert stopped.value.status == 204 and not gate.opened.is_set()
    for page in pages:
        expect(page.locator(".reply--stopped")).to_contain_text("A river begins")


def waiting(first: Page) -> Page:
    """Open as many pages as can follow beside the first one; return the page that waits and has asked once."""
    for _ in range(PLACES - 1):
        other = first.context.new_page()
        with other.expect_request(follows):
            other.goto(first.url)
    first.evaluate(ALL_HOLD, PLACES)
    last = first.context.new_page()
    with last.expect_event("requestfinished", lambda request: request.url.endswith("/generation?once")):
        last.goto(first.url)
    return last


def closed(page: Page) -> None:
    page.close()


def hidden(page: Page) -> None:
    """Tell a page that another tab covers it."""
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def seen(page: Page) -> None:
    """Tell a page that its tab is in front again."""
    page.evaluate("Object.defineProperty(document, 'hidden', { value: false, configurable: true })")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_an_answer_that_was_deleted_goes_from_a_page_that_waits(first: Page) -> None:
    last = waiting(first)
    expect(last.locator(".reply[aria-busy]")).to_contain_text("A river begins")

    status = first.evaluate("url => fetch(`${url}/deletion`, { method: 'POST' }).then(done => done.status)", first.url)

    assert status == 200
    expect(last.locator(".reply")).to_have_count(0)


@pytest.mark.parametrize("gone", [closed, hidden])
def test_a_page_that_waits_follows_as_soon_as_another_is_gone(
    first: Page, gate: Gate, gone: Callable[[Page], None]
) -> None:
    last = waiting(first)

    with last.expect_request(follows):
        gone(first)
    gate.open()

    expect(last.locator(".reply--complete")).to_contain_text("A river begins and ends.")


def test_a_selection_in_a_page_that_waits_is_left_alone(first: Page, gate: Gate) -> None:
    last = waiting(first)
    expect(last.locator(".reply[aria-busy]")).to_contain_text("A river begins")

    last.evaluate("() => getSelection().selectAllChildren(document.querySelector('.reply__body p'))")
    with last.expect_response("**/generation?once"):
        last.evaluate("() => document.dispatchEvent(new Event('follow'))")
    last.wait_for_timeout(500)

    assert last.evaluate("() => String(getSelection())") == "Of rivers."
    gate.open()
    last.evaluate("() => getSelection().empty()")
    expect(last.locator(".reply--complete")).to_contain_text("A river begins and ends.")


def test_a_page_that_is_opened_out_of_sight_follows_once_it_is_seen(first: Page, gate: Gate) -> None:
    other = first.context.new_page()
    other.add_init_script("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    other.goto(first.url)
    other.wait_for_timeout(1_000)

    with other.expect_request(follows):
        seen(other)
    gate.open()

    expect(other.locator(".reply--complete")).to_contain_text("A river begins and ends.")


def test_a_page_that_comes_into_sight_again_shows_the_end(first: Page, gate: Gate) -> None:
    hidden(first)
    gate.open()
    seen(first)

    expect(first.locator(".reply--complete")).to_contain_text("A river begins and ends.")


def test_a_browser_without_channels_follows_by_itself(first: Page, gate: Gate) -> None:
    first.add_init_script("window.BroadcastChannel = function () { throw new DOMException('Refused') }")

    with first.expect_request(follows):
        first.reload()
    gate.open()

    expect(first.locator(".reply--complete")).to_contain_text("A river begins and ends.")
