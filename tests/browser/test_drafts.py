"""Test drafts: each is shown only to its author, on every origin, until it is sent or its tab signs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.origins import NAME, Instance, plain
from tests.browser.site import Site, send
from tests.scripted import Scripted
from tests.team import PASSWORD, account

ANN, EVE = "ann@example.org", "eve@example.org"


@pytest.fixture(params=["localhost", NAME])
def team(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Instance]:
    """A team of two, at an origin that browsers trust and at one that they don't."""
    with plain(tmp_path, request.param) as instance:
        for email in (ANN, EVE):
            account(instance.app.extensions["rivulet"].database, email)
        yield instance


def sign_in(page: Page, email: str) -> None:
    """Sign in on the page that asks for it."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#text")).to_be_visible()


def sign_out(page: Page, team: Instance) -> None:
    """Sign out on the account page."""
    page.goto(f"{team.url}/account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def kept(page: Page) -> list[str]:
    """List the drafts that a tab keeps."""
    return list(page.evaluate("Object.values(sessionStorage)"))


def write(page: Page) -> None:
    """Sign in as Ann, and type without sending."""
    sign_in(page, ANN)
    page.locator("#text").fill("For Ann alone")


def test_a_draft_is_gone_from_its_tab_when_its_writer_signs_out_there(
    visit: Callable[..., Page], team: Instance
) -> None:
    page = visit(team.url)
    write(page)
    assert kept(page) == ["For Ann alone"]

    sign_out(page, team)
    assert kept(page) == []
    sign_in(page, EVE)

    expect(page.locator("#text")).to_have_value("")


@pytest.mark.parametrize(("email", "draft"), [(ANN, "For Ann alone"), (EVE, "")])
def test_a_draft_outlives_a_sign_out_in_another_tab_for_its_writer_alone(
    visit: Callable[..., Page], team: Instance, email: str, draft: str
) -> None:
    page = visit(team.url)
    write(page)
    other = page.context.new_page()

    sign_out(other, team)
    page.get_by_role("button", name="Send").click()
    sign_in(page, email)

    expect(page.locator("#text")).to_have_value(draft)


def test_an_open_page_shows_no_draft_to_who_signed_in_by_another_tab(
    visit: Callable[..., Page], team: Instance
) -> None:
    page = visit(team.url)
    write(page)
    other = page.context.new_page()
    sign_out(other, team)
    sign_in(other, EVE)

    page.get_by_role("link", name="New chat").click()
    expect(page.locator("#text")).to_have_value("")
    page.locator("#text").fill("For Eve alone")
    sign_out(other, team)
    sign_in(other, ANN)
    page.get_by_role("link", name="New chat").click()

    expect(page.locator("#text")).to_have_value("For Ann alone")


@pytest.mark.parametrize("script", [True, False])
def test_the_way_back_shows_no_draft_of_who_signed_out(
    visit: Callable[..., Page], team: Instance, script: bool
) -> None:
    page = visit(team.url, java_script_enabled=script)
    write(page)
    sign_out(page, team)
    sign_in(page, EVE)

    shown = []
    while page.go_back() and page.url != "about:blank":
        shown += [box.input_value() for box in page.locator("#text").all()]

    assert shown and set(shown) == {""}


def test_a_page_that_the_browser_kept_is_loaded_again(page: Page) -> None:
    page.locator("#text").fill("Still here")
    page.evaluate("document.title = 'kept'")

    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")

    expect(page).to_have_title("Rivulet")
    expect(page.locator("#text")).to_have_value("Still here")


def test_what_a_guest_wrote_is_there_once_they_signed_in(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    account(site.app.extensions["rivulet"].database, ANN)
    provider.will_say("One.")
    page = visit(site.url)
    send(page, "One?")
    expect(page.locator(".reply--complete")).to_be_visible()
    page.locator("#text").fill("Half a thought")
    conversation = page.url

    page.goto(f"{site.url}/sign-in")
    sign_in(page, ANN)
    page.goto(conversation)

    expect(page.locator("#text")).to_have_value("Half a thought")
    assert kept(page) == ["Half a thought"]


def test_a_draft_that_was_sent_is_gone_from_a_copy_of_its_tab_and_what_was_changed_there_stays(
    page: Page, site: Site, provider: Scripted
) -> None:
    page.locator("#text").fill("Once only")
    copies = []
    for _ in range(2):
        with page.expect_popup() as opened:
            page.evaluate("() => { open(location.href) }")
        copies.append(opened.value)
        expect(opened.value.locator("#text")).to_have_value("Once only")
    copies[1].locator("#text").fill("Once only, but longer")
    provider.will_say("Good.")

    page.get_by_role("button", name="Send").click()
    expect(page.locator(".reply--complete")).to_contain_text("Good.")

    expect(copies[0].locator("#text")).to_have_value("")
    copies[0].reload()
    expect(copies[0].locator("#text")).to_have_value("")
    expect(copies[1].locator("#text")).to_have_value("Once only, but longer")
