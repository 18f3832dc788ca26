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


def serving(
    base: Callable[..., AbstractContextManager[Site]], *prepare: Callable[[Site], None], **environ: str
) -> Kind:
    """Return the kind of instance that is served as `base`, with some settings, and then prepared."""

    @contextmanager
    def serve(folder: Path) -> Iterator[Site]:
        with base(folder, **environ) as site:
            for change in prepare:
                change(site)
            yield site

    return serve


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


def offer(*models: Model) -> Callable[[Site], None]:
    """Make these the models of the provider."""

    def change(site: Site) -> None:
        site.provider.models = lambda: list(models)  # type: ignore[method-assign]

    return change


def offer_demo(site: Site) -> None:
    """Make the provider the demo model's."""
    site.provider.demo = True
    offer(MODEL)(site)


def offer_nothing(site: Site) -> None:
    site.provider.working = False


def add_unreachable(site: Site) -> None:
    """Add a provider that can't be reached, and let it find out."""
    registry = site.app.extensions["rivulet"].registry
    records.add(registry, "command line", ProviderForm("LM Studio", "openai", UNREACHABLE, ""))
    registry.find("LM Studio").refresh()


def fail_with(error: Exception) -> Callable[[Site], None]:
    """Let each conversation's page fail."""

    def view(**_: object) -> str:
        raise error

    def change(site: Site) -> None:
        site.app.view_functions["conversations.show"] = view

    return change


with_one_model = serving(local, offer(Model("small", "Small", 1000)))
without_models = serving(local, offer_nothing)
with_the_demo = serving(local, offer_demo)
with_an_unreachable_provider = serving(local, add_unreachable)
limited = serving(local, MAX_CONCURRENT_ANSWERS="1")
with_another_name = serving(local, TRUSTED_HOSTS="chat.example.org")
behind_a_proxy = serving(local, TRUSTED_PROXIES="1")
broken = serving(local, fail_with(RuntimeError("broken on purpose")))
without_database = serving(local, fail_with(DatabaseAway()))


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
