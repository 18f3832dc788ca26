"""Rivulet by plain http, at a name and an address that no browser holds for secure: there its forms bring no proof of
where they are from but their Origin."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NAME
from tests.browser.site import Site, send
from tests.scripted import Scripted


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server on every network of the machine."""
    site = Site(tmp_path_factory.mktemp("instance"), HOST="0.0.0.0", ACCESS="open")
    yield site
    site.close()


def own_address() -> str:
    """Find an address of this machine that isn't loopback; choosing the way to a peer sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("This machine is in no network, so it has no address but loopback.")
        return str(probe.getsockname()[0])


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("host", [lambda: "localhost", lambda: NAME, own_address], ids=["localhost", "name", "address"])
def test_a_message_is_sent_and_its_conversation_renamed(
    visit: Callable[..., Page], site: Site, provider: Scripted, host: Callable[[], str], script: bool
) -> None:
    provider.will_say("Here I am.")
    page = visit(f"http://{host()}:{site.server.server_port}", java_script_enabled=script)
    send(page, "Are you there?")
    expect(page.locator(".reply--complete")).to_contain_text("Here I am.")

    page.goto(page.url)
    page.locator("summary", has_text="Rename").click()
    page.get_by_label("Title").fill("By another name")
    page.get_by_role("button", name="Rename").click()

    expect(page.get_by_role("heading", name="By another name")).to_be_visible()
