"""Test that the app's pages can write at every origin and other sites' at none, in both browsers, with JavaScript and
without.

A browser sends a form's origin. To an origin that it trusts it sends Sec-Fetch-Site and Origin; to plain http at a name
or an address it sends only Origin.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.asking import stored
from tests.browser import attacks, walk
from tests.browser.origins import ELSEWHERE, ORIGINS, Instance
from tests.browser.tabs import ChromiumTab, FirefoxTab, Tab
from tests.marked import PASSWORD
from tests.scripted import Gate
from tests.team import account

BROWSERS = {
    "chromium-script": ("chromium", True),
    "chromium-no script": ("chromium", False),
    "firefox-script": ("firefox", True),
    "firefox-no script": ("firefox", False),
}


def pairs(always: dict[str, set[str]]) -> pytest.MarkDecorator:
    """Pair each browser with each origin; only those that `always` names run without --long.

    There, each browser visits an origin that it trusts, and one that it doesn't.
    """
    found = []
    for (name, browser), (place, origin) in product(BROWSERS.items(), ORIGINS):
        conditions = [
            (pytest.mark.firefox, name.startswith("firefox")),
            (pytest.mark.nginx, place == "nginx"),
            (pytest.mark.long, place not in always.get(name, ())),
        ]
        marks = [mark for mark, holds in conditions if holds]
        found.append(pytest.param(browser, origin, id=f"{name}-{place}", marks=marks))
    return pytest.mark.parametrize(("tab", "instance"), found, indirect=True)


@pytest.fixture
def tab(request: pytest.FixtureRequest) -> Iterator[Tab]:
    """A tab of a fresh browser, with JavaScript or without."""
    browser, script = request.param
    if browser == "chromium":
        tab: Tab = ChromiumTab(request.getfixturevalue("browsers")("dejavu"), script)
    else:
        tab = FirefoxTab(request.getfixturevalue("firefoxes")(script))
    yield tab
    tab.close()


@pytest.fixture
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Instance]:
    """A new instance at each origin."""
    with request.param(tmp_path) as instance:
        yield instance


@pairs({"chromium-script": {"localhost", "name", "nginx"}, "firefox-no script": {"address", "https"}})
def test_a_person_claims_signs_in_asks_stops_renames_and_signs_out(tab: Tab, instance: Instance) -> None:
    walk.whole(tab, instance)

    assert {write.path.rsplit("/")[-1] for write in instance.writes} >= {
        *("claim", "sign-out", "sign-in", "conversations", "messages", "stop", "title")
    }
    assert {write.status for write in instance.writes} <= {200, 204, 303}
    assert {write.origin for write in instance.writes} == {instance.url}
    assert {write.site for write in instance.writes} == {"same-origin" if instance.is_trusted else None}
    names = {name for write in instance.writes for name in write.cookies}
    assert {name.startswith("__Host-rivulet") for name in names} == {instance.scheme == "https"}


@pairs({"firefox-script": {"localhost", "name"}, "chromium-no script": {"address", "https"}})
@pytest.mark.parametrize("step", [pytest.param(5, id="some"), pytest.param(1, id="all", marks=pytest.mark.long)])
def test_another_site_cannot_write_in_a_visitors_name(tab: Tab, instance: Instance, step: int) -> None:
    """OW 24-7806, 26-54007; GR 24-1727; ALLM 26-32617: the cookie alone was enough.

    A step of 5 tries each way and each write from a near and a far site. A step of 1 tries each way with each write.
    """
    gate = Gate()
    instance.provider.will_say("A river ", gate, "ends in the sea.")
    writes = become_a_target(tab, instance)
    before = stored(instance.app)
    instance.writes.clear()
    tries = attacks.tries(instance.url, writes, tab.script)

    with attacks.stranger(instance.scheme == "https") as stranger:
        near, far = (f"{instance.scheme}://{host}:{stranger.server_port}" for host in (instance.neighbour, ELSEWHERE))
        visit_frames(tab, instance, stranger, near, tries[::step])
        visit_frames(tab, instance, stranger, far, tries[1 % step :: step])
        for path in ("/sign-in", "/sign-out"):
            visit(tab, stranger, far, next(one for one in tries if one.path == path))

    assert {write.status for write in instance.writes} == {403}
    assert {write.origin for write in instance.writes} == {near, far, "null"}
    assert {write.path for write in instance.writes} == set(writes)
    assert any(write.cookies for write in instance.writes if write.origin == near)
    assert stored(instance.app) == before
    gate.open()
    tab.open(f"{instance.url}/conversations/1")
    tab.see('[href="/account"][title="ann@example.org"]')
    tab.see(".reply--complete", "A river ends in the sea.")


def become_a_target(tab: Tab, instance: Instance) -> dict[str, dict[str, str]]:
    """Follow the first admin's link, sign in as a member and ask; return the writes for an attacker."""
    for name in ("ann", "mallory"):
        account(instance.app.extensions["rivulet"].database, f"{name}@example.org")
    walk.follow_the_link(tab, instance)
    tab.open(f"{instance.url}/sign-in")
    walk.sign_in(tab)
    walk.send(tab, "What of rivers?")
    tab.see(".reply", "A river")
    return {
        "/claim": {"email": "eve@example.org", "password": PASSWORD},
        "/sign-in": {"email": "mallory@example.org", "password": PASSWORD},
        "/conversations": {"text": "Spend their money"},
        "/conversations/1/title": {"title": "Theirs"},
        "/replies/2/stop": {},
        "/sign-out": {},
    }


def visit_frames(tab: Tab, instance: Instance, stranger: attacks.Stranger, site: str, tries: list[attacks.Try]) -> None:
    """Open a page of another site that makes each try in a frame, and wait until the app has received them all."""
    stranger.page = "<!doctype html>" + "".join(one.frame(tab.script) for one in tries)
    since = len(instance.writes)
    tab.go_beside()
    tab.open(site)
    for number, one in enumerate(tries, 1):
        assert any(is_sent(tab, instance, one, number, since) for _ in range(20)), one


def is_sent(tab: Tab, instance: Instance, one: attacks.Try, number: int, since: int) -> bool:
    """Click in a frame, unless a script sends its form; return whether the app received the form.

    A click can come before the frame has loaded its page.
    """
    if not tab.script:
        tab.click(f"iframe:nth-of-type({number})")
    return instance.received(one.path, one.way.name, since)


def visit(tab: Tab, stranger: attacks.Stranger, site: str, one: attacks.Try) -> None:
    """Open a page of another site that makes one try and leads to Rivulet; check that the app refused it."""
    stranger.page = one.page(tab.script)
    tab.go_beside()
    tab.open(site)
    if not tab.script:
        tab.click("button")
    tab.see("body", "another site")
