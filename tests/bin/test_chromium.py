"""Test which Chromium bin/test passes to the browser tests."""

from __future__ import annotations

import os

import pytest

from tests.bin.checkout import Checkout

WORKS = "#!/bin/sh\n"
BROKEN = "#!/bin/sh\nexit 127\n"


def chromium_of(checkout: Checkout, **environ: str) -> str:
    """Run bin/test; return the Chromium for the tests."""
    result = checkout.run("test", **environ)
    assert result.returncode == 0, result.stderr
    return checkout.environment["CHROMIUM"]


@pytest.fixture(autouse=True)
def python(checkout: Checkout) -> None:
    checkout.has_python("python3")


def test_the_chromium_that_is_named_is_taken(checkout: Checkout):
    checkout.has_tool("my-own", WORKS)
    checkout.has_tool("chromium", WORKS)

    assert chromium_of(checkout, CHROMIUM=f"{checkout.tools}/my-own") == f"{checkout.tools}/my-own"


def test_else_an_installed_one_that_runs(checkout: Checkout):
    checkout.has_tool("chromium", BROKEN)
    checkout.has_tool("google-chrome", WORKS)

    assert chromium_of(checkout) == f"{checkout.tools}/google-chrome"


@pytest.mark.skipif(os.path.exists("/Applications/Google Chrome.app"), reason="This Mac has a Chrome of its own.")
def test_else_apt_installs_one_as_root_on_debian(checkout: Checkout):
    checkout.is_debian()

    assert chromium_of(checkout) == f"{checkout.tools}/chromium"
    assert "install -y --no-install-recommends chromium" in checkout.calls


@pytest.mark.skipif(os.path.exists("/Applications/Google Chrome.app"), reason="This Mac has a Chrome of its own.")
def test_without_any_the_tests_run_and_know_that(checkout: Checkout):
    assert chromium_of(checkout) == ""
    assert "-m playwright install chromium" in checkout.calls


def test_pages_open_in_the_headless_shell(checkout: Checkout):
    for name in ("chromium", "chromium-headless-shell"):
        checkout.has_tool(name, WORKS)

    assert chromium_of(checkout) == f"{checkout.tools}/chromium"
    assert checkout.environment["HEADLESS_SHELL"] == f"{checkout.tools}/chromium-headless-shell"


def test_pages_open_in_a_chromium_that_is_named(checkout: Checkout):
    for name in ("my-own", "chromium-headless-shell"):
        checkout.has_tool(name, WORKS)

    chromium_of(checkout, CHROMIUM=f"{checkout.tools}/my-own")

    assert checkout.environment["HEADLESS_SHELL"] == ""
