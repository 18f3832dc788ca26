"""Test signing in with a real browser, with JavaScript and without."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from chat.people import invites, passwords
from tests.browser.site import Site, send
from tests.scripted import PATIENCE, Gate, Scripted
from tests.serving import KEY
from tests.team import PASSWORD, account


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for a team."""
    site = Site(tmp_path_factory.mktemp("instance"), ACCESS="team", SECRET_KEY=KEY)
    account(site.app.extensions["rivulet"].database)
    yield site
    site.close()


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fill the form and send it."""
    page.get_by_label("Email").fill("ann@example.org")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("scripted", [True, False])
def test_who_clicks_twice_on_the_button_of_an_invite_is_in(
    visit: Callable[..., Page], site: Site, scripted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second click drops the first response; it used to end on the page of closed invites."""
    arrived, both, hashed = threading.Event(), threading.Barrier(2), passwords.hash_password

    def hashed_together(password: str) -> str:
        arrived.set()
        both.wait(PATIENCE)
        return hashed(password)

    monkeypatch.setattr(passwords, "hash_password", hashed_together)
    token, email = (
        invites.create(site.app.extensions["rivulet"].database, "command line"),
        f"eve{int(scripted)}@example.org",
    )
    page = visit(f"{site.url}/invites/{token}", java_script_enabled=scripted)
    page.get_by_label("Email").fill(email)
    page.get_by_label("password").fill(PASSWORD)

    button = page.get_by_role("button", name="Create account").bounding_box()
    assert button
    page.mouse.click(button["x"] + 9, button["y"] + 9)
    assert arrived.wait(PATIENCE)
    page.mouse.click(button["x"] + 9, button["y"] + 9)

    expect(page.locator("#text")).to_be_visible()
    page.goto(f"{site.url}/account")
    expect(page.locator("p", has_text=email)).to_be_visible()


def end_sessions(site: Site) -> None:
    """End all sessions, as an admin can."""
    with site.app.extensions["rivulet"].database.write() as connection:
        connection.exec_driver_sql("DELETE FROM sessions")


def test_without_javascript_somebody_signs_in_asks_is_signed_out_and_loses_no_word(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    provider.will_say("Gladly.")
    page = visit(site.url, java_script_enabled=False)

    sign_in(page, "not this one")
    expect(page.get_by_role("alert")).to_contain_text("Wrong email or password")
    expect(page.get_by_label("Email")).to_have_value("ann@example.org")
    sign_in(page)
    end_sessions(site)
    send(page, "Will this be lost?")
    expect(page.get_by_label("Your message (you can send")).to_have_value("Will this be lost?")
    sign_in(page)
    expect(page.locator("#text")).to_have_value("Will this be lost?")
    page.get_by_role("button", name="Send").click()

    expect(page.locator(".reply--complete")).to_contain_text("Gladly.")


def test_somebody_signed_out_while_an_answer_is_written_is_led_to_sign_in_and_finds_it_and_their_draft_again(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    gate = Gate()
    provider.will_say("A river ", gate, "ends in the sea.")
    page = visit(site.url)
    sign_in(page)
    send(page, "Tell me of rivers")
    expect(page.locator(".reply")).to_contain_text("A river")
    page.locator("#text").fill("And what of lakes?")

    end_sessions(site)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    gate.open()
    sign_in(page)

    expect(page.locator(".reply--complete")).to_contain_text("ends in the sea.")
    expect(page.locator("#text")).to_have_value("And what of lakes?")


def test_a_message_that_is_sent_signed_out_is_in_the_box_after_signing_in(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    page = visit(site.url)
    sign_in(page)
    expect(page.locator("#text")).to_be_visible()

    end_sessions(site)
    send(page, "Will this be lost?")
    sign_in(page)

    expect(page.locator("#text")).to_have_value("Will this be lost?")
    assert provider.calls == []
