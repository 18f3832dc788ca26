"""A real Chromium, and what every page in it is held to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bench.chromium import ARGUMENTS
from tests.browser.site import Site
from tests.scripted import Scripted

WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", event => {
  violated(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`)
})
"""

expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for the tests of a module."""
    site = Site(tmp_path_factory.mktemp("instance"))
    yield site
    site.close()


@pytest.fixture
def provider(site: Site) -> Scripted:
    """The provider of that server, without what earlier tests left in it."""
    site.provider.__init__()  # type: ignore[misc]
    return site.provider


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The Chromium that CHROMIUM names; without one tests/long.py skips what is here.

    It ends with this folder's tests: its loop, which runs in this thread, would keep others from running theirs.
    """
    chromium = os.environ["CHROMIUM"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*ARGUMENTS, "--host-resolver-rules=MAP *.lan 127.0.0.1"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages in browsers of their own; at the end, none has broken the policy or asked another host."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def visit(url: str, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.expose_function("violated", lambda violation: complaints.append(violation))
        context.add_init_script(WATCH_POLICY)
        context.on("request", lambda request: note_foreign(request.url, url, complaints))
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def note_foreign(asked: str, url: str, complaints: list[str]) -> None:
    """Note a request to anywhere but the page's own server."""
    if urlsplit(asked).netloc != urlsplit(url).netloc and not asked.startswith("data:"):
        complaints.append(asked)


@pytest.fixture
def page(visit: Callable[..., Page], site: Site, provider: Scripted) -> Page:
    """The first page, in a browser that has never been here."""
    return visit(site.url)
