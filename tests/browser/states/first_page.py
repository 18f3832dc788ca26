"""The first page, with all the models that there can be."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser import instances, teams
from tests.browser.site import Site
from tests.browser.states.state import State, open_page, visiting
from tests.browser.teams import MEMBER

DRAFT = """I'd like to understand two things about rivers:

1. why they bend, and
2. why some bends are cut off.

Please keep it short."""


def drafting(page: Page, site: Site) -> None:
    """Write a message, and don't send it."""
    open_page(page, site)
    page.locator("#text").fill(DRAFT)


def unreachable(page: Page, site: Site) -> None:
    """Read which provider has a problem."""
    open_page(page, site)
    expect(page.get_by_text("LM Studio").first).to_be_visible()


STATES = [
    State("A visitor can choose between models", visiting("/"), daily=True),
    State("A message is being written", drafting),
    State("One model is connected", visiting("/"), instances.with_one_model),
    State("A provider was connected a moment ago", visiting("/?connected=scripted")),
    State("One of the providers has a problem", unreachable, instances.with_an_unreachable_provider),
    State("The operator has only the demo model", visiting("/"), instances.with_the_demo),
    State("A member has only the demo model", visiting("/"), teams.with_the_demo, MEMBER),
    State("The operator has no model", visiting("/"), instances.without_models),
    State("A member has no model", visiting("/"), teams.without_models, MEMBER),
]
