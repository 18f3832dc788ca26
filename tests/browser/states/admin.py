"""The admin pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from chat.storage import backup_stamp
from tests.browser import instances, teams
from tests.browser.instances import UNREACHABLE, Kind
from tests.browser.site import Site
from tests.browser.states.state import Reach, State, open_page, visiting
from tests.browser.teams import ADMIN


def as_admin(name: str, reach: Reach, instance: Kind = teams.team, **more: Any) -> State:
    """Return a state that an admin reaches."""
    return State(name, reach, instance, ADMIN, **more)


@contextmanager
def in_order(folder: Path) -> Iterator[Site]:
    """Serve a team that misses nothing."""
    with teams.team(folder) as site:
        site.app.extensions["rivulet"].warnings = []
        with site.database.write() as connection:
            backup_stamp.store(connection)
        yield site


def unfolding(path: str) -> Reach:
    """Return a function that opens an admin page, and on it all that is folded."""

    def reach(page: Page, site: Site) -> None:
        open_page(page, site, f"/admin{path}")
        for summary in page.locator("details summary").all():
            summary.click()

    return reach


def changing(page: Page, site: Site) -> None:
    """Open what can be changed about one person."""
    open_page(page, site, "/admin/people")
    page.locator("details summary").first.click()


def invited(page: Page, site: Site, emails: str = "") -> None:
    """Create an invite for anyone, or one for each email."""
    open_page(page, site, "/admin/invites")
    page.locator(".unfold > summary").click()
    page.locator("#emails").fill(emails)
    page.locator(".form .accent").click()
    expect(page.locator(".link").first).to_be_visible()


def several_invited(page: Page, site: Site) -> None:
    invited(page, site, "dora@example.org, emil@example.org\nfrida@example.org")


def resetting(page: Page, site: Site) -> None:
    """Make a reset link."""
    open_page(page, site, "/admin/people")
    page.locator("details", has=page.locator("[action$='/reset']")).first.locator("summary").click()
    page.locator("[action$='/reset'] button").first.click()
    expect(page.locator(".link")).to_be_visible()


def connecting(page: Page, site: Site) -> None:
    """Connect a provider that can't be reached."""
    open_page(page, site, "/admin/models?preset=ollama")
    page.locator("[name=url]").fill(UNREACHABLE)
    page.locator(".form .accent").click()
    expect(page.locator(".problem")).to_be_visible()


def mistaken(page: Page, site: Site) -> None:
    """Give a provider the name of another one."""
    open_page(page, site, "/admin/models?preset=other")
    page.locator("[name=name]").fill("scripted")
    page.locator("[name=url]").fill(UNREACHABLE)
    page.locator(".form .accent").click()
    expect(page.locator(".problem")).to_be_visible()


def visiting_admin(path: str) -> Reach:
    return visiting(f"/admin{path}")


AWAY = teams.with_an_unreachable_provider

STATES = [
    as_admin("The overview lists what is to do", unfolding(""), daily=True),
    as_admin("The overview has nothing to do", visiting_admin(""), in_order),
    as_admin("All people", visiting_admin("/people")),
    as_admin("All people, with what can be changed", unfolding("/people"), daily=True),
    as_admin("One person can be changed", changing),
    as_admin("An admin is asked before they remove somebody", unfolding("/people/3/removal"), daily=True),
    as_admin("A reset link was made", resetting),
    as_admin("The open invites", visiting_admin("/invites")),
    as_admin("People are being invited", unfolding("/invites"), daily=True),
    as_admin("An invite was made", invited),
    as_admin("Several people were invited", several_invited),
    as_admin("The providers", visiting_admin("/models")),
    as_admin("A provider is being connected", unfolding("/models?preset=groq"), daily=True),
    as_admin("A provider without a preset is being connected", visiting_admin("/models?preset=other")),
    as_admin("A provider can't be connected by that name", mistaken),
    as_admin("A new provider can't be reached", connecting),
    as_admin("One of the providers isn't working", visiting_admin("/models"), AWAY),
    as_admin("A provider of the environment", unfolding("/models/scripted"), daily=True),
    as_admin("A provider with many models", visiting_admin("/models/scripted"), teams.with_many_models),
    as_admin("A provider that isn't working", unfolding("/models/LM%20Studio"), AWAY),
    as_admin("The demo model", visiting_admin("/models/scripted"), teams.with_the_demo),
    State("The operator of one machine connects a model", visiting_admin("/models"), instances.without_models),
    as_admin("The audit log", unfolding("/audit"), daily=True),
    as_admin("The settings that were set", visiting_admin("/settings")),
    as_admin("All settings", unfolding("/settings"), daily=True),
    as_admin("The health of the server, with a warning", unfolding("/health"), daily=True),
    as_admin("The server is healthy", visiting_admin("/health"), in_order),
]
