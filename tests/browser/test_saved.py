"""Test a browser with a saved sign-in: it fills the sign-in form, and no other form."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from chat.registry import records
from chat.registry.form import ProviderForm
from tests.browser.logins import chromium_with
from tests.browser.marionette import marionette
from tests.browser.site import Site
from tests.marked import PASSWORD
from tests.scripted import PATIENCE
from tests.serving import KEY
from tests.team import account

FILLED = """
[...document.querySelectorAll("input:not([type=hidden], [type=checkbox])")]
  .filter(field => field.value !== field.defaultValue)
  .map(field => field.getAttribute("autocomplete"))
"""

ANOTHER = """
document.body.insertAdjacentHTML("beforeend",
  "<form><input type=email autocomplete=username><input type=password id=last autocomplete=current-password></form>")
"""
"""A sign-in form below all other forms: once the browser fills this one, it has passed the others."""

MEANT = {"username", "current-password"}
EMAIL = "ann@example.org"

Open = Callable[[str], object]
Run = Callable[[str], Any]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A team with an admin, and a provider that the admin has set up."""
    site = Site(tmp_path / "instance", ACCESS="team", SECRET_KEY=KEY)
    account(site.app.extensions["rivulet"].database, EMAIL, role="admin")
    acme = ProviderForm("acme", "openai", "http://127.0.0.1:9", "sk-a-key-of-acme")
    records.add(site.app.extensions["rivulet"].registry, "an admin", acme)
    site.url = site.url.replace("127.0.0.1", "localhost")
    yield site
    site.close()


@pytest.mark.firefox
def test_firefox_puts_a_saved_sign_in_nowhere_but_where_one_signs_in(site: Site) -> None:
    with marionette() as firefox:
        firefox.save(site.url, EMAIL, PASSWORD)
        walk(site.url, firefox.open, firefox.run)


def test_chromium_puts_a_saved_sign_in_nowhere_but_where_one_signs_in(
    site: Site, browser: Browser, tmp_path: Path
) -> None:
    with chromium_with(browser.browser_type, tmp_path / "profile", site.url, EMAIL, PASSWORD) as page:

        def run(script: str) -> Any:
            page.mouse.click(2, 2)  # before a click, the browser shows the filled values but hides them from scripts
            return page.evaluate(script)

        walk(site.url, page.goto, run)


def walk(url: str, open_: Open, run: Run) -> None:
    """Sign in with the saved sign-in, and look at each page with a form."""
    open_(f"{url}/sign-in")
    until(run, "document.querySelector('[name=password]').value")
    run("document.querySelector('#sign-in button').click()")
    until(run, "document.querySelector('#text') !== null")

    for path in (
        "/admin/models?preset=other",
        "/admin/models/acme",
        "/admin/invites",
        "/admin/people",
        "/account",
        "/",
    ):
        open_(f"{url}{path}")
        run(ANOTHER)
        until(run, "document.querySelector('#last').value")
        assert set(run(FILLED)) <= MEANT, path


def until(run: Run, expression: str) -> None:
    """Wait until an expression is true."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(PlaywrightError):  # the page is closing
            if run(expression):
                return
        time.sleep(0.02)
    raise AssertionError(expression)
