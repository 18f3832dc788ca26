"""The account page: browsers, password, single sign-on."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlalchemy import update

from chat.storage.tables import people
from tests.browser import teams
from tests.browser.site import Site, signed_in
from tests.browser.states.state import State, open_page, visiting
from tests.browser.teams import ADMIN, MEMBER
from tests.marked import PASSWORD

AGENTS = ("Safari on iPhone", "Chrome on Windows", "Firefox on Android")


def in_several_browsers(page: Page, site: Site) -> None:
    """Show a person who is signed in elsewhere too."""
    for agent in AGENTS:
        signed_in(site, MEMBER, agent)
    open_page(page, site, "/account")


def mistaken(page: Page, site: Site) -> None:
    """Try to change the password with a wrong one."""
    open_page(page, site, "/account")
    page.locator("#password").click()
    page.locator("[name=present]").first.fill("not this one")
    page.locator("[name=password]").fill(f"{PASSWORD} of old")
    page.locator("[action$='/password'] .accent").click()
    expect(page.locator(".problem")).to_be_visible()


def connecting(page: Page, site: Site) -> None:
    """Unfold the form that connects the account with single sign-on."""
    open_page(page, site, "/account")
    page.locator("#openid").click()


def connected(page: Page, site: Site) -> None:
    """Show an account that is connected with single sign-on."""
    issuer = site.app.extensions["rivulet"].settings.oidc_issuer
    with site.database.write() as connection:
        connection.execute(update(people).where(people.c.email == ADMIN).values(subject=f"{issuer} 9"))
    open_page(page, site, "/account?done=connected")


def named_by_proxy(page: Page, site: Site) -> None:
    page.set_extra_http_headers({"X-Forwarded-Email": MEMBER, "X-Forwarded-For": "192.0.2.7"})
    open_page(page, site, "/account")


STATES = [
    State("A member's account", visiting("/account"), teams.team, MEMBER),
    State("A member is signed in on several browsers", in_several_browsers, teams.team, MEMBER),
    State("The current password is wrong", mistaken, teams.team, MEMBER),
    State("The password was changed", visiting("/account?done=changed"), teams.team, MEMBER),
    State("An admin's account", visiting("/account"), teams.team, ADMIN),
    State("The account can be connected", connecting, teams.with_single_sign_on, MEMBER),
    State("The account is connected", connected, teams.with_single_sign_on, ADMIN),
    State("The proxy in front signs people in", named_by_proxy, teams.behind_a_proxy),
]
