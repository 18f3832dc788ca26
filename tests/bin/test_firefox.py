"""Test which Firefox bin/test passes to the browser tests, and which programs it installs."""

from __future__ import annotations

import os

import pytest

from tests.bin.checkout import Checkout

WORKS = "#!/bin/sh\n"
BROKEN = "#!/bin/sh\nexit 127\n"


@pytest.fixture(autouse=True)
def chromium(checkout: Checkout) -> None:
    checkout.has_python("python3")
    checkout.has_tool("chromium", WORKS)


def firefox_of(checkout: Checkout, **environ: str) -> str:
    """Run bin/test; return the Firefox for the tests."""
    result = checkout.run("test", **environ)
    assert result.returncode == 0, result.stderr
    return checkout.environment["FIREFOX"]


def test_the_firefox_that_is_named_is_taken(checkout: Checkout):
    checkout.has_tool("my-own", WORKS)
    checkout.has_tool("firefox", WORKS)

    assert firefox_of(checkout, FIREFOX=f"{checkout.tools}/my-own") == f"{checkout.tools}/my-own"


def test_else_an_installed_one_that_runs(checkout: Checkout):
    checkout.has_tool("firefox-esr", BROKEN)
    checkout.has_tool("firefox", WORKS)

    assert firefox_of(checkout) == f"{checkout.tools}/firefox"


@pytest.mark.skipif(os.path.exists("/Applications/Firefox.app"), reason="This Mac has a Firefox of its own.")
def test_else_apt_installs_one_as_root_on_debian_and_nginx_and_pgbouncer(checkout: Checkout):
    checkout.is_debian()

    assert firefox_of(checkout) == f"{checkout.tools}/firefox-esr"
    assert "install -y --no-install-recommends firefox-esr" in checkout.calls
    assert "install -y --no-install-recommends nginx" in checkout.calls
    assert "install -y --no-install-recommends pgbouncer" in checkout.calls
    assert "install -y --no-install-recommends sshfs" in checkout.calls


def test_what_is_there_is_not_installed(checkout: Checkout):
    checkout.is_debian()
    for tool in ("chromium-headless-shell", "firefox", "nginx", "pgbouncer", "sshfs"):
        checkout.has_tool(tool, WORKS)

    firefox_of(checkout)

    assert not [call for call in checkout.calls if call.startswith("install")]


@pytest.mark.skipif(os.path.exists("/Applications/Firefox.app"), reason="This Mac has a Firefox of its own.")
def test_without_any_the_tests_run_and_it_is_said(checkout: Checkout):
    result = checkout.run("test")

    assert result.returncode == 0 and checkout.environment["FIREFOX"] == ""
    assert "Firefox is missing; pytest skips the tests that need it." in result.stdout
    assert "nginx is missing; pytest skips the tests that need it." in result.stdout
    assert "PgBouncer is missing; pytest skips the tests that need it." in result.stdout
