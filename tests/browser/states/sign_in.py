"""Coming in: signing in, the first admin, invites, forgotten passwords, single sign-on, the proxy in front."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route, expect

from chat.people import accounts, first_admin, invites, password_resets
from tests.browser import teams
from tests.browser.site import Site, send
from tests.browser.states.first_page import DRAFT
from tests.browser.states.state import State, open_page, visiting
from tests.browser.teams import ADMIN, MEMBER
from tests.marked import PASSWORD
from tests.serving import KEY

SIGN_ON = "[action$='/sign-in/openid'] button"


def fill(page: Page, email: str = ADMIN, password: str = PASSWORD) -> None:
    """Fill the form of the page and send it."""
    page.locator("[name=email]").fill(email)
    page.locator("[name=password]").fill(password)
    page.locator(".form .accent").first.click()


def refused(page: Page, site: Site) -> None:
    """Fail to sign in."""
    open_page(page, site, "/sign-in")
    fill(page, password=f"not {PASSWORD}")
    expect(page.locator(".problem")).to_be_visible()


def refused_often(page: Page, site: Site) -> None:
    """Fail so often that the next attempt has to wait."""
    open_page(page, site, "/sign-in")
    for _ in range(6):
        fill(page, "nobody@example.org", "wrong password")
        expect(page.locator(".problem")).to_be_visible()


def signed_out(page: Page, site: Site) -> None:
    """Send a message after the session has ended, without JavaScript."""
    open_page(page, site)
    page.context.clear_cookies()
    send(page, DRAFT)
    expect(page.locator("#sign-in textarea")).to_have_value(DRAFT)


def back_with_draft(page: Page, site: Site) -> None:
    """Sign in again, and find the message."""
    signed_out(page, site)
    fill(page, MEMBER)
    expect(page.locator("#composer")).to_be_visible()


def claiming(page: Page, site: Site) -> None:
    """Follow the link from the log."""
    open_page(page, site, f"/claim/{first_admin.token(site.database, KEY)}")
    expect(page.locator(".form")).to_be_visible()


def claimed(page: Page, site: Site) -> None:
    """Follow a link that was used."""
    open_page(page, site, "/claim/nobodys")


def invited(page: Page, site: Site, role: str = "member", email: str | None = None) -> None:
    token = invites.create(site.database, "command line", role, email=email)
    open_page(page, site, f"/invites/{token}")


def invited_by_name(page: Page, site: Site) -> None:
    invited(page, site, "admin", "dora@example.org")


def invited_with_weak_password(page: Page, site: Site) -> None:
    """Choose a password that is easy to guess."""
    invited(page, site)
    fill(page, "dora@example.org", "password")
    expect(page.locator(".problem")).to_be_visible()


def forgotten(page: Page, site: Site) -> None:
    """Ask for a link, for an address that nobody has: no mail is sent."""
    open_page(page, site, "/resets")
    page.locator("[name=email]").fill("nobody@example.org")
    page.locator(".form .accent").click()
    expect(page.locator(".done")).to_be_visible()


def resetting(page: Page, site: Site) -> None:
    person = accounts.by_email(site.database, MEMBER)
    assert person
    with site.database.write() as connection:
        token = password_resets.create(connection, person.id)
    open_page(page, site, f"/resets/{token}")
    expect(page.locator(".form")).to_be_visible()


def sign_on_refused(page: Page, site: Site) -> None:
    """Come back from the provider after refusing there. No page leads to it, so that no test leaves this site."""
    begun = page.context.request.post(f"{site.url}/sign-in/openid", headers={"Origin": site.url}).text()
    address = html.unescape(re.findall(r"url=(\S+?)\"", begun)[0])
    state = parse_qs(urlsplit(address).query)["state"][0]
    open_page(page, site, f"/sign-in/openid/callback?error=access_denied&state={state}")


def leaving(page: Page, site: Site) -> None:
    """Show the page that leads to the provider, and stay on it."""

    def stay(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('http-equiv="refresh"', ""))

    open_page(page, site, "/sign-in")
    page.route("**/sign-in/openid", stay)
    page.locator(SIGN_ON).click()
    expect(page.locator("[rel=noreferrer]")).to_be_visible()


def sign_on_away(page: Page, site: Site) -> None:
    """Try to leave for a provider that can't be reached."""
    open_page(page, site, "/sign-in")
    page.locator(SIGN_ON).click()
    expect(page.locator(".problem")).to_be_visible()


SINGLE = teams.with_single_sign_on

STATES = [
    State("Somebody signs in", visiting("/sign-in"), teams.team),
    State("Email and password don't belong together", refused, teams.team, daily=True),
    State("Too many attempts to sign in have failed", refused_often, teams.team),
    State("A new password was set", visiting("/sign-in?set=1"), teams.team),
    State("Somebody was signed out while they were writing", signed_out, teams.team, MEMBER, script=False),
    State("They are signed in again and find their message", back_with_draft, teams.team, MEMBER, script=False),
    State("Signing in is possible at a provider too", visiting("/sign-in"), SINGLE),
    State("Somebody writes, was signed out, and can sign in at a provider", signed_out, SINGLE, MEMBER, script=False),
    State("The browser is about to leave for the provider", leaving, SINGLE),
    State("Somebody refused at the provider", sign_on_refused, SINGLE),
    State("The return from the provider is too old", visiting("/sign-in/openid/callback?code=1&state=2"), SINGLE),
    State("The provider can't be reached", sign_on_away, teams.with_a_dead_single_sign_on),
    State("The first admin makes their account", claiming, teams.unclaimed),
    State("The link for the first admin was used", claimed, teams.team),
    State("Somebody is invited", invited, teams.team),
    State("Somebody is invited by their address, as an admin", invited_by_name, teams.team),
    State("The password of a new account is too weak", invited_with_weak_password, teams.team),
    State("A member opens an invite", invited, teams.team, MEMBER),
    State("An invite can't be used", visiting("/invites/nobodys"), teams.team),
    State("Somebody forgot their password", visiting("/resets"), teams.with_mail),
    State("A reset link was sent", forgotten, teams.with_mail),
    State("Somebody sets a new password", resetting, teams.team),
    State("A reset link can't be used", visiting("/resets/nobodys"), teams.team),
    State("The proxy in front named nobody", visiting("/"), teams.behind_a_proxy),
]
