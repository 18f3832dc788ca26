"""Take pictures of a page as it stands: in each width and each theme, and once in forced colours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page

from tests.browser.states.state import DESKTOP, PHONE, TABLET, State

HEIGHTS = {PHONE: 844, TABLET: 768, DESKTOP: 900}
TALLEST = 6000
"""The height of the highest picture: a window is as high as its page, up to this many pixels."""

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced colours": {"color_scheme": "light", "forced_colors": "active"},
}

STILL = """() => {
  const all = (selector, change) => document.querySelectorAll(selector).forEach(one => {
    const text = change(one.textContent)
    if (text !== one.textContent) one.textContent = text
  })
  document.querySelectorAll("input, textarea").forEach(one => { one.style.caretColor = "transparent" })
  all("time", () => "3 May 2026, 14:05")
  all(".reference code", () => "0".repeat(8))
  all(".link code", text => text.replace(/^.*(\\/\\w+\\/).*$/, "https://chat.example.org$1" + "x".repeat(43)))
  all(".reply summary, .reply dd", text => text.replace(/[\\d.]+ s(econds?)?$/, "4.2 s$1"))
}"""
"""Hides the caret, and gives times, durations, error references and secret links one text, so that two galleries differ
only where pages do."""


class Shot(NamedTuple):
    """One picture of a state: the window's width, and the look."""

    slug: str
    width: int
    look: str

    @property
    def file(self) -> str:
        return f"{self.slug}-{self.width}-{self.look.replace(' ', '-')}.png"


def shots(state: State) -> Iterator[Shot]:
    """List the pictures of a state; a print has one look, and forced colours are shown in the widest window."""
    widest = max(state.widths)
    for width in state.widths:
        for look in LOOKS if width == widest else ("light", "dark"):
            if state.media == "screen" or look == "light":
                yield Shot(state.slug, width, look)


def take(page: Page, state: State, folder: Path, widths: Sequence[int]) -> None:
    """Take the pictures of some widths of a page that is in a state."""
    for width in widths:
        resize(page, width)
        page.mouse.move(0, 0)
        if state.renew:
            state.renew(page)
        for shot in shots(state):
            if shot.width == width:
                shoot(page, shot, state.media, folder)


def resize(page: Page, width: int) -> None:
    """Give the window a width; a phone's has a touch screen from then on."""
    page.set_viewport_size({"width": width, "height": HEIGHTS.get(width, HEIGHTS[DESKTOP])})
    if width == PHONE:
        page.context.new_cdp_session(page).send("Emulation.setTouchEmulationEnabled", {"enabled": True})


def shoot(page: Page, shot: Shot, media: Any, folder: Path) -> None:
    """Take one picture, of the whole page."""
    page.emulate_media(media=media, reduced_motion="reduce", **LOOKS[shot.look])
    page.evaluate(STILL)
    size = page.viewport_size
    assert size
    tall = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": shot.width, "height": max(size["height"], min(tall, TALLEST))})
    page.screenshot(path=folder / shot.file, caret="initial")
    page.set_viewport_size(size)
