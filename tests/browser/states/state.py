"""A page in one of its states."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.checks import WINDOWS
from tests.browser.instances import Kind, local
from tests.browser.site import Site

Reach = Callable[[Page, Site], None]

PHONE, TABLET, DESKTOP = 390, 1024, 1440
"""The widths of the windows in which the gallery shows a state, in pixels."""


@dataclass(frozen=True)
class State:
    """What a sentence says of a page, and the function that brings a fresh browser there.

    The browser comes to an instance of a kind, signed in as a `person`, with JavaScript or without. A `daily` state is
    checked in every run of the tests; the others with --long, and by bin/gallery. `renew` does again what a
    window of another width would show in the wrong place, such as to open a menu.
    """

    name: str
    reach: Reach
    instance: Kind = local
    person: str = ""
    script: bool = True
    daily: bool = False
    widths: tuple[int, ...] = (PHONE, TABLET, DESKTOP)
    media: str = "screen"
    renew: Callable[[Page], None] | None = None

    @property
    def windows(self) -> tuple[int, ...]:
        """The widths of the windows in which the state is checked."""
        if self.widths == (PHONE,):
            return tuple(width for width in WINDOWS if width < PHONE)
        return WINDOWS if PHONE in self.widths else tuple(width for width in WINDOWS if width > TABLET)

    @property
    def slug(self) -> str:
        """The name in addresses and file names."""
        return re.sub(r"\W+", "-", self.name.lower()).strip("-")


def visiting(path: str) -> Reach:
    """Return a function that opens a page of the instance."""
    return lambda page, site: open_page(page, site, path)


def open_page(page: Page, site: Site, path: str = "/") -> None:
    """Open a page of the instance."""
    page.goto(f"{site.url}{path}")
