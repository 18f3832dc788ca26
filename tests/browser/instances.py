"""Serve Rivulet as the states of its pages need it: with models or without, limited, broken; teams are in teams.py.

A kind is a context manager of a folder; the instance lives as long as its block runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import StorageState

from chat.providers.base import Model
from chat.providers.local import MODEL
from chat.registry import records
from chat.registry.form import ProviderForm
from chat.storage.database import DatabaseAway
from tests.browser.site import Site, signed_in

Kind = Callable[[Path], AbstractContextManager[Site]]

UNREACHABLE = "http://127.0.0.1:9/v1"


@contextmanager
def local(folder: Path, **environ: str) -> Iterator[Site]:
    """Serve this machine alone, with two models."""
    site = Site(folder, **environ)
    try:
        yield site
    finally:
        for saying in site.provider.sayings:
            saying.cancelled.set()
        site.close()


@contextmanager
def with_one_model(folder: Path) -> Iterator[Site]:
    with local(folder) as site:
        offer(site, Model("small", "Small", 1000))
        yield site


@contextmanager
def without_models(folder: Path) -> Iterator[Site]:
    with local(folder) as site:
        site.provider.working = False
        yield site


@contextmanager
def with_the_demo(folder: Path) -> Iterator[Site]:
    with local(folder) as site:
        offer_demo(site)
        yield site


@contextmanager
def with_an_unreachable_provider(folder: Path) -> Iterator[Site]:
    """Serve a second provider that can't be reached."""
    with local(folder) as site:
        add_unreachable(site)
        yield site


@contextmanager
def limited(folder: Path) -> Iterator[Site]:
    """Let a person have one answer at a time."""
    with local(folder, MAX_CONCURRENT_ANSWERS="1") as site:
        yield site


@contextmanager
def with_another_name(folder: Path) -> Iterator[Site]:
    """Refuse the name by which browsers come."""
    with local(folder, TRUSTED_HOSTS="chat.example.org") as site:
        yield site


@contextmanager
def behind_a_proxy(folder: Path) -> Iterator[Site]:
    """Serve this machine alone, and believe a proxy that visitors come from others."""
    with local(folder, TRUSTED_PROXIES="1") as site:
        yield site


@contextmanager
def broken(folder: Path) -> Iterator[Site]:
    """Break each conversation's page."""
    with local(folder) as site:
        site.app.view_functions["conversations.show"] = raising(RuntimeError("broken on purpose"))
        yield site


@contextmanager
def without_database(folder: Path) -> Iterator[Site]:
    """Fail each conversation's page because the database is away."""
    with local(folder) as site:
        site.app.view_functions["conversations.show"] = raising(DatabaseAway())
        yield site


def offer(site: Site, *models: Model) -> None:
    site.provider.models = lambda: list(models)  # type: ignore[method-assign]


def offer_demo(site: Site) -> None:
    """Make the provider the demo model's."""
    site.provider.demo = True
    offer(site, MODEL)


def add_unreachable(site: Site) -> None:
    """Add a provider that can't be reached, and let it find out."""
    registry = site.app.extensions["rivulet"].registry
    records.add(registry, "command line", ProviderForm("LM Studio", "openai", UNREACHABLE, ""))
    registry.find("LM Studio").refresh()


def raising(error: Exception) -> Callable[..., str]:
    def view(**_: object) -> str:
        raise error

    return view


class Instances:
    """The instances that some tests share, each started when it is first needed."""

    def __init__(self, factory: pytest.TempPathFactory, stack: ExitStack):
        self.factory = factory
        self.stack = stack
        self.sites: dict[Kind, Site] = {}
        self.states: dict[tuple[Kind, str], StorageState] = {}

    def open(self, kind: Kind) -> Site:
        """Return the instance of a kind, without scripts from earlier tests."""
        if kind not in self.sites:
            self.sites[kind] = self.stack.enter_context(kind(self.factory.mktemp("instance")))
        self.sites[kind].provider.__init__()  # type: ignore[misc]
        return self.sites[kind]

    def state_of(self, kind: Kind, email: str) -> StorageState:
        """Return the state of a browser in which a person is signed in."""
        if (kind, email) not in self.states:
            self.states[kind, email] = signed_in(self.sites[kind], email)
        return self.states[kind, email]
