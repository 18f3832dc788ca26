"""Walk through the app behind each proxy of docs/in-front.md; no proxy changes or caches a user's pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser

from tests.browser import walk
from tests.browser.origins import Instance, proxied, serving
from tests.browser.tabs import ChromiumTab
from tests.deploy import proxies
from tests.providers.server import Server
from tests.providers.server import whole as response
from tests.providers.tls import CERTIFICATE
from tests.routers.edge import Edge

MAIL, UNCHANGED = "git@example.org", "Cache-Control: no-transform"


def needs(program: str) -> pytest.MarkDecorator:
    """Skip a test if a program isn't installed."""
    return pytest.mark.skipif(not proxies.find(program), reason=f"No {program} was found; install one.")


@contextmanager
def edge(app: int, _: str, __: Path) -> Iterator[int]:
    """Run a router that acts as Cloudflare does."""
    with Edge(app) as edge:
        yield edge.port


PROXIES = [
    pytest.param(partial(proxies.in_front_of, proxies.caddy), id="Caddy", marks=needs("caddy")),
    pytest.param(partial(proxies.in_front_of, proxies.traefik), id="Traefik", marks=needs("traefik")),
    pytest.param(edge, id="Cloudflare"),
]


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("script", [True, pytest.param(False, marks=pytest.mark.long)], ids=["script", "no script"])
def test_a_person_goes_the_whole_way_behind_a_proxy(
    tmp_path: Path, browser: Browser, proxy: Callable, script: bool
) -> None:
    with proxied(tmp_path, proxy) as instance:
        tab = ChromiumTab(browser, script)
        walk.whole(tab, instance)
        tab.close()

        assert {write.status for write in instance.writes} <= {200, 204, 303}
        assert {write.origin for write in instance.writes} == {instance.url}


def test_what_does_as_cloudflare_does_obscures_an_address_unless_it_is_forbidden_to() -> None:
    pages = [response("200 OK", f"<p>{MAIL}</p>", "Content-Type: text/html", *more) for more in ((), (UNCHANGED,))]
    with Server(*pages) as server, Edge(int(server.url.rpartition(":")[2])) as edge:
        first, second = (requests.get(edge.url, verify=str(CERTIFICATE), timeout=10).text for _ in pages)

    assert MAIL not in first and "protected" in first
    assert second == f"<p>{MAIL}</p>"


def test_behind_what_does_as_cloudflare_does_an_address_reads_as_it_was_written(
    tmp_path: Path, browser: Browser
) -> None:
    with proxied(tmp_path, edge) as instance:
        tab = ChromiumTab(browser, script=True)
        walk.claim(tab, instance)
        instance.provider.will_say(f"Clone `{MAIL}:river.git`, says ann@example.org.")
        walk.send(tab, f"Where is it, {MAIL}?")
        tab.see(".reply--complete", f"Clone {MAIL}:river.git, says ann@example.org.")
        tab.open(f"{instance.url}/conversations/1")

        tab.see(".message", f"Where is it, {MAIL}?")
        tab.see(".reply--complete", f"Clone {MAIL}:river.git, says ann@example.org.")
        tab.close()


PAGES = "/conversations/1", "/conversations/1.txt", "/account", "/admin/people", "/admin/audit.csv"
DECEPTIONS = "", "?a", "/a.css", "/..%2fa.css", ";a.css", "%3fa.css", "%0aa.css", "%23a.css", ".css"
"""Suffixes that make an address look like a file's: web cache deception."""


def test_what_does_as_cloudflare_does_keeps_nothing_of_anybody(tmp_path: Path, browser: Browser) -> None:
    with serving(tmp_path, HOST="127.0.0.1", TRUSTED_PROXIES="1") as site, Edge(site.server.server_port) as edge:
        instance = Instance(site, "https", "localhost", edge.port)
        tab = ChromiumTab(browser, script=True)
        walk.claim(tab, instance)
        instance.provider.will_say("Here.")
        walk.send(tab, "Where is it?")
        tab.see(".reply--complete", "Here.")

        asked = [page + deception for page in PAGES for deception in DECEPTIONS]
        statuses = tab.call("(...paths) => Promise.all(paths.map(async path => (await fetch(path)).status))", *asked)
        tab.close()

        assert statuses.count(200) >= 2 * len(PAGES)
        assert edge.cache and {address.split("/")[1] for address in edge.cache} == {"assets"}
