"""Test the app under a path of a host whose first page is another app's, behind a real nginx, in Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from chat.people import invites
from tests.browser import walk
from tests.browser.origins import NAME, Instance, serving
from tests.browser.tabs import ChromiumTab
from tests.deploy import nginx
from tests.mailbox import mailbox
from tests.marked import PASSWORD
from tests.openid import serving as signing_on
from tests.serving import free_port
from tests.team import account
from tests.turns import eventually

PATH = "/chat"
PAIRS = pytest.mark.parametrize(
    ("strips", "script"),
    [
        pytest.param(True, True, id="taken off-JavaScript"),
        pytest.param(False, False, id="left on-no JavaScript"),
        pytest.param(True, False, id="taken off-no JavaScript", marks=pytest.mark.long),
        pytest.param(False, True, id="left on-JavaScript", marks=pytest.mark.long),
    ],
)
"""Whether nginx takes the path off, and whether the browser runs JavaScript."""
STRIPS = pytest.mark.parametrize("strips", [True, False], ids=["nginx takes the path off", "nginx leaves the path on"])
SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])

pytestmark = pytest.mark.nginx


@contextmanager
def under_a_path(folder: Path, strips: bool, **environ: str) -> Iterator[Instance]:
    """Serve the app under a path; at the end, its neighbour at / has received no request."""
    port = free_port()
    settings = {"HOST": "127.0.0.1", "TRUSTED_PROXIES": "1", "APP_URL": f"https://{NAME}:{port}{PATH}", **environ}
    with (
        serving(folder, tls=False, **settings) as site,
        nginx.beside_a_neighbour(site.server.server_port, NAME, folder, port, strips) as neighbour,
    ):
        yield Instance(site, "https", NAME, port, PATH)
        assert neighbour.read_text() == ""


@contextmanager
def watched(browser: Browser, script: bool, expected: str = "nothing") -> Iterator[ChromiumTab]:
    """Open a tab; at the end, its console has only expected errors, and all cookies are limited to the path."""
    complaints: list[str] = []
    tab = ChromiumTab(browser, script)
    tab.context.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    tab.context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield tab
    kept = [(cookie["name"], cookie["path"], cookie["secure"]) for cookie in tab.context.cookies()]
    tab.close()
    assert [complaint for complaint in complaints if expected not in complaint] == []
    assert kept and all((path, secure) == (PATH, True) for _, path, secure in kept)
    assert all(name.startswith("__Secure-rivulet") for name, *_ in kept)


@PAIRS
def test_a_person_claims_signs_in_asks_stops_renames_exports_and_signs_out(
    browser: Browser, tmp_path: Path, strips: bool, script: bool
) -> None:
    with under_a_path(tmp_path, strips) as instance, watched(browser, script) as tab:
        walk.claim(tab, instance)
        walk.sign_out(tab)
        walk.sign_in(tab)
        walk.watch_an_answer(tab, instance)
        walk.stop_an_answer(tab, instance)
        walk.rename(tab, instance)
        try_again_and_go_back(tab, instance)
        export(tab)
        look_around(tab)
        walk.sign_out(tab)

    assert {write.status for write in instance.writes} <= {200, 204, 303}


def try_again_and_go_back(tab: ChromiumTab, instance: Instance) -> None:
    """Retry a stopped answer, begin another conversation, and go back to the first one."""
    instance.provider.will_say("A lake is still.")
    tab.click(".again button")
    tab.see(".reply--complete", "A lake is still.")
    tab.click("#to-new")
    tab.see(".conversation--new")
    assert tab.page.url == f"{instance.url}/"
    tab.page.go_back()
    tab.see(".reply--complete", "A lake is still.")
    assert urlsplit(tab.page.url).path == f"{PATH}/conversations/1"


def export(tab: ChromiumTab) -> None:
    """Save the conversation, and read it."""
    tab.click("#menu-here")
    with tab.page.expect_download() as saved:
        tab.click(".menu [href$='.md']")
    assert "A lake is still." in saved.value.path().read_text()
    if not tab.script:
        tab.click(".sheet [href$='/conversations/1']")


def look_around(tab: ChromiumTab) -> None:
    """Open each admin page through its link."""
    tab.click('[href$="/admin"]')
    for number in range(2, 9):
        tab.click(f".places a:nth-of-type({number})")
        tab.see(f".places a:nth-of-type({number})[aria-current=page]")
    tab.click(".sheet__name")
    tab.see("#text")


@STRIPS
def test_who_is_signed_out_is_led_to_sign_in_and_back_under_the_path(
    browser: Browser, tmp_path: Path, strips: bool
) -> None:
    with under_a_path(tmp_path, strips) as instance, watched(browser, True, expected="status of 401") as tab:
        account(instance.app.extensions["rivulet"].database)
        tab.open(f"{instance.url}/account")
        assert tab.page.url == f"{instance.url}/sign-in?next=/account"
        walk.fill_account(tab)
        tab.click("#sign-in button")
        tab.see("h1", "Your account")
        tab.click(".sheet__name")
        walk.watch_an_answer(tab, instance)
        eventually(lambda: any(write.path == "/conversations/1/reading" for write in instance.writes))
        with instance.app.extensions["rivulet"].database.write() as connection:
            connection.exec_driver_sql("DELETE FROM sessions")
        tab.click(".again button")
        tab.see("#sign-in")
        assert tab.page.url == f"{instance.url}/sign-in?next=/conversations/1"
        walk.fill_account(tab)
        tab.click("#sign-in button")
        tab.see(".reply--complete", "A river ends in the sea.")


@SCRIPT
def test_somebody_signs_in_at_an_openid_provider_and_comes_back_under_the_path(
    browser: Browser, tmp_path: Path, script: bool
) -> None:
    with (
        signing_on() as idp,
        under_a_path(tmp_path, strips=False, **idp.settings(OIDC_DOMAINS="example.org")) as instance,
        watched(browser, script) as tab,
    ):
        tab.open(f"{instance.url}/account")
        tab.click('[action$="/sign-in/openid"] button')
        tab.see("h1", "Your account")
        assert tab.page.url == f"{instance.url}/account"


def test_links_in_mails_and_invites_lead_to_the_path(browser: Browser, tmp_path: Path) -> None:
    with (
        mailbox() as mails,
        under_a_path(tmp_path, strips=False, SMTP_URL=mails.url, MAIL_FROM="rivulet@example.org") as instance,
        watched(browser, script=False) as tab,
    ):
        account(instance.app.extensions["rivulet"].database)
        tab.open(f"{instance.url}/sign-in")
        tab.click('[href$="/resets"]')
        tab.fill("[name=email]", "ann@example.org")
        tab.click(".form button")
        eventually(lambda: mails.letters)
        (link,) = re.findall(r"https://\S+/resets/\S+", mails.letters[0])
        assert link.startswith(f"{instance.url}/resets/")
        tab.open(link)
        tab.fill("[name=password]", f"{PASSWORD} again")
        tab.click(".form button")
        tab.see("#sign-in")
        invite = invites.create(instance.app.extensions["rivulet"].database, "command line")
        tab.open(f"{instance.url}/invites/{invite}")
        tab.fill("[name=email]", "eve@example.org")
        tab.fill("[name=password]", PASSWORD)
        tab.click(".form button")
        tab.see("#text")


def test_an_error_page_has_its_styles_and_leads_to_the_first_page(browser: Browser, tmp_path: Path) -> None:
    with under_a_path(tmp_path, strips=True, ACCESS="open") as instance:
        tab = ChromiumTab(browser, script=True)
        tab.open(f"{instance.url}/conversations/999999")
        tab.see("h1", "Page not found")
        tab.click("main p a")
        tab.see("#text")
        assert tab.page.url == f"{instance.url}/"
        tab.close()


def test_the_app_can_be_installed_from_under_the_path(browser: Browser, tmp_path: Path) -> None:
    with under_a_path(tmp_path, strips=True, ACCESS="open") as instance:
        page = ChromiumTab(browser, script=True).page
        page.goto(instance.url)
        told = page.context.new_cdp_session(page).send("Page.getAppManifest")
        page.context.close()

    manifest = told["manifest"]
    assert told["errors"] == []
    assert manifest["startUrl"] == f"{instance.url}/" and manifest["scope"] == f"{instance.url}/"
    assert all(icon["url"].startswith(f"{instance.url}/assets/") for icon in manifest["icons"])
