"""Start a real Chromium, and check every page that it opens."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bench.chromium import ARGUMENTS
from tests.browser import checks
from tests.browser.firefox import Firefox, running
from tests.browser.fonts import FONTS, environment
from tests.browser.instances import Instances
from tests.browser.site import Site
from tests.browser.states import AREAS
from tests.browser.states.state import State
from tests.scripted import Scripted

WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", event => {
  violated(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`)
})
"""

expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all tests of a module."""
    site = Site(tmp_path_factory.mktemp("instance"))
    yield site
    site.close()


@pytest.fixture
def provider(site: Site) -> Scripted:
    """The provider of that server, without scripts from earlier tests."""
    site.provider.__init__()  # type: ignore[misc]
    return site.provider


@pytest.fixture(scope="package")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Browser]]:
    """Start HEADLESS_SHELL or CHROMIUM with a set of fonts; without CHROMIUM, tests/long.py skips these tests.

    It ends with this folder's tests: its event loop runs in this thread and would keep other tests from running theirs.
    """
    folder = tmp_path_factory.mktemp("fonts")
    with sync_playwright() as playwright, ExitStack() as stack:

        @cache
        def browser(fonts: str) -> Browser:
            path = os.environ.get("HEADLESS_SHELL") or os.environ["CHROMIUM"]
            arguments = [*ARGUMENTS, "--in-process-gpu", "--host-resolver-rules=MAP *.lan 127.0.0.1"]
            launched = playwright.chromium.launch(executable_path=path, args=arguments, env=environment(folder, fonts))
            return stack.enter_context(launched)

        yield browser


@pytest.fixture(scope="package")
def firefoxes() -> Iterator[Callable[[bool], Firefox]]:
    """Start FIREFOX with JavaScript or without."""
    with ExitStack() as stack:
        yield cache(lambda script: stack.enter_context(running(script)))


@pytest.fixture
def fonts(request: pytest.FixtureRequest) -> str:
    """The set of fonts for a test's browser; a parameter of this name chooses another."""
    name = getattr(request, "param", "dejavu")
    if name != "dejavu" and not FONTS[name].is_dir():
        pytest.skip(f"{FONTS[name]} was not found; install Debian's fonts-{name}-core.")
    return name


@pytest.fixture
def browser(browsers: Callable[[str], Browser], fonts: str) -> Browser:
    """A browser that tests share."""
    return browsers(fonts)


def pytest_configure(config: pytest.Config) -> None:
    """Let axe read every page at every width if --long is set."""
    checks.axe_everywhere = config.getoption("--long")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Show every page with each set of fonts, and all states instead of the daily ones, if --long is set."""
    is_long = metafunc.config.getoption("--long")
    chosen = any("fonts" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if is_long and "browser" in metafunc.fixturenames and not chosen:
        metafunc.parametrize("fonts", list(FONTS), indirect=True)
    for mark in metafunc.definition.iter_markers("states"):
        states = [state for area in mark.args for state in AREAS[area] if is_long or state.daily]
        metafunc.parametrize("state", states, ids=lambda state: state.slug)


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open fresh browser contexts; at the end, fail if a page broke the policy or contacted another host than that of
    its URL."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(url: str, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.expose_function("violated", lambda violation: complaints.append(violation))
        context.add_init_script(WATCH_POLICY)
        context.on("request", lambda request: note_foreign(request.url, url, complaints))
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def note_foreign(asked: str, url: str, complaints: list[str]) -> None:
    """Note a request to any host except the page's own server."""
    if urlsplit(asked).netloc != urlsplit(url).netloc and not asked.startswith("data:"):
        complaints.append(asked)


@pytest.fixture
def visit(opened: Callable[..., Page]) -> Callable[..., Page]:
    """Open pages in fresh browser contexts."""

    def visit(url: str, **options: Any) -> Page:
        page = opened(url, **options)
        page.goto(url)
        return page

    return visit


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instances]:
    """The instances of a module's states."""
    with ExitStack() as stack:
        yield Instances(tmp_path_factory, stack)


@pytest.fixture
def show(opened: Callable[..., Page], instances: Instances) -> Callable[..., Page]:
    """Bring fresh browsers to states."""

    def show(state: State, **options: Any) -> Page:
        site = instances.open(state.instance)
        if state.person:
            options["storage_state"] = instances.state_of(state.instance, state.person)
        page = opened(site.url, java_script_enabled=state.script, reduced_motion="reduce", **options)
        state.reach(page, site)
        return page

    return show


@pytest.fixture
def page(visit: Callable[..., Page], site: Site, provider: Scripted) -> Page:
    """The first page in a fresh browser."""
    return visit(site.url)
