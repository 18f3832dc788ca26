"""Test the admin pages in a real browser: accessible, at any width, with JavaScript and without."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, StorageState, expect

from tests.browser.checks import check
from tests.browser.fonts import each_theme
from tests.browser.instances import Instances
from tests.browser.site import Site, send
from tests.browser.states.state import State
from tests.browser.teams import ADMIN, team
from tests.providers.server import Server, delta, sse, whole
from tests.team import PASSWORD, account


@pytest.fixture(scope="module")
def site(instances: Instances) -> Site:
    """One server for a team, with an admin, a suspended member, one with a long name, and invites."""
    return instances.open(team)


@pytest.fixture(scope="module")
def admin(instances: Instances, site: Site) -> StorageState:
    """A browser's state in which the admin is signed in."""
    return instances.state_of(team, ADMIN)


@pytest.fixture
def enter(visit: Callable[..., Page], site: Site, admin: StorageState) -> Callable[..., Page]:
    """Open one of the admin pages as the admin, in the browser that a test chooses."""

    def enter(name: str, **options: object) -> Page:
        page = visit(f"{site.url}/admin{'/' if name else ''}{name}", storage_state=admin, **options)
        expect(page.get_by_role("navigation", name="Administration")).to_be_visible()
        return page

    return enter


@each_theme
@pytest.mark.states("Admin")
def test_a_page_passes_all_checks(show: Callable[..., Page], state: State, theme: str) -> None:
    page = show(state, color_scheme=theme)

    check(page, state.windows, state.renew)


def test_an_invite_made_on_one_machine_is_used_on_a_phone_without_javascript(
    enter: Callable[..., Page], visit: Callable[..., Page]
) -> None:
    page = enter("invites", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("Invite people").click()
    page.get_by_role("button", name="Create invite").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copy link")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")

    phone = visit(link, java_script_enabled=False, viewport={"width": 360, "height": 800})
    phone.get_by_label("Your name").fill("Dora")
    phone.get_by_label("Email").fill("dora@example.org")
    phone.get_by_label("Password").fill(PASSWORD)
    phone.get_by_role("button", name="Create account").click()
    expect(phone.locator("#text")).to_be_visible()
    page.goto(page.url.replace("/invites", "/people"))

    assert "/invites/" not in phone.url
    expect(page.get_by_text("dora@example.org").first).to_be_visible()


def test_without_javascript_somebody_is_suspended_and_no_copy_button_is_dead(
    enter: Callable[..., Page], site: Site
) -> None:
    account(site.app.extensions["rivulet"].database, "eve@example.org")
    page = enter("people", java_script_enabled=False)

    row = page.locator("li", has_text="eve@example.org")
    row.get_by_text("Manage").click()
    row.get_by_role("button", name="Create reset link").click()
    expect(page.locator(".link code")).to_be_visible()
    expect(page.locator(".copy")).to_be_hidden()
    page.get_by_role("link", name="Back to People").click()
    row.get_by_text("Manage").click()
    row.get_by_role("button", name="Suspend").click()

    expect(page.get_by_role("status").first).to_contain_text("Suspended and signed out")
    expect(page.locator("li", has_text="eve@example.org")).to_contain_text("Suspended")


def test_the_person_at_this_machine_connects_a_model_without_javascript(
    visit: Callable[..., Page], tmp_path: Path
) -> None:
    answers = whole("200 OK", '{"data": [{"id": "a"}, {"id": "b"}]}'), sse(delta("Hello there.", "stop"), "[DONE]")
    with Server(*answers) as server, closing(Site(tmp_path)) as site:
        page = visit(site.url, java_script_enabled=False)
        page.get_by_role("link", name="Models").click()
        page.get_by_role("link", name="LM Studio").click()
        page.get_by_label("Base URL").fill(f"{server.url}/v1")
        page.get_by_role("button", name="Connect").click()

        expect(page.get_by_role("status").first).to_have_text("LM Studio is connected: 2 models.")
        send(page, "Hello?")
        expect(page.locator(".reply").last).to_contain_text("Hello there.")
