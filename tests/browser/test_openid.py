"""Test single sign-on in a real browser: it needs no script, and the policy doesn't block it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.checks import check
from tests.browser.fonts import each_theme
from tests.browser.site import Site
from tests.openid import Idp, serving
from tests.serving import KEY


@pytest.fixture(scope="module")
def idp() -> Iterator[Idp]:
    """A provider that knows Ann."""
    with serving() as idp:
        yield idp


@pytest.fixture(scope="module")
def team_site(tmp_path_factory: pytest.TempPathFactory, idp: Idp) -> Iterator[Site]:
    """A team's instance whose users sign in there."""
    folder: Path = tmp_path_factory.mktemp("team")
    site = Site(folder, ACCESS="team", SECRET_KEY=KEY, **idp.settings(OIDC_DOMAINS="example.org"))
    yield site
    site.close()


@pytest.fixture
def leave_for(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages that can lead to the provider, which no other page can."""
    contexts = []

    def open_page(url: str, **options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scripted", [False, True], ids=["without JavaScript", "with JavaScript"])
def test_somebody_signs_in_by_it_and_is_where_they_wanted_to_be(
    leave_for: Callable[..., Page], team_site: Site, scripted: bool
) -> None:
    page = leave_for(f"{team_site.url}/account", java_script_enabled=scripted)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))

    page.get_by_role("button", name="Sign in with Example").click()

    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    assert urlsplit(page.url).path == "/account" and "ann@example.org" in page.content()
    assert [each for each in complaints if "form-action" in each or "Content Security" in each] == []


def test_without_javascript_a_draft_of_any_length_outlives_single_sign_on(
    leave_for: Callable[..., Page], team_site: Site
) -> None:
    words = "word " * 15_000
    page = leave_for(f"{team_site.url}/account", java_script_enabled=False)
    page.get_by_role("button", name="Sign in with Example").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    page.goto(team_site.url)
    page.locator("#text").fill(words)
    with team_site.app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql("DELETE FROM sessions")
    page.get_by_role("button", name="Send").click()

    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Sign in with Example").click()
    expect(opened.value.locator("#text")).to_have_value("")
    page.get_by_role("button", name="I've signed in").click()

    expect(page.get_by_role("heading", name="You're signed in.")).to_be_visible()
    expect(page.locator("#text")).to_have_value(words)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("article").filter(has=page.get_by_role("heading", name="You"))).to_contain_text("word word")


def test_who_refuses_there_is_back_at_the_form(leave_for: Callable[..., Page], team_site: Site, idp: Idp) -> None:
    idp.denies = True
    page = leave_for(f"{team_site.url}/sign-in", java_script_enabled=False)

    page.get_by_role("button", name="Sign in with Example").click()

    expect(page.get_by_role("alert")).to_contain_text("cancelled or refused")
    idp.reset()


def test_back_leads_to_the_form_and_not_there_again(leave_for: Callable[..., Page], team_site: Site, idp: Idp) -> None:
    idp.broken["/authorize"] = lambda: "<!doctype html><title>There</title><h1>Your name there?</h1>"
    page = leave_for(f"{team_site.url}/sign-in", java_script_enabled=False)
    page.get_by_role("button", name="Sign in with Example").click()
    expect(page.get_by_role("heading", name="Your name there?")).to_be_visible()

    page.go_back()

    expect(page.get_by_role("button", name="Sign in with Example")).to_be_visible()
    idp.reset()


@each_theme
def test_its_pages_pass_all_checks(leave_for: Callable[..., Page], team_site: Site, theme: str) -> None:
    page = leave_for(f"{team_site.url}/sign-in", color_scheme=theme)
    check(page)
    page.goto(f"{team_site.url}/account")
    page.get_by_role("button", name="Sign in with Example").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()

    check(page)
