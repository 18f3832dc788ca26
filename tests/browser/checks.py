"""Check a page as it stands: axe finds nothing, nothing overflows, and whatever can be pressed is large enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
SEVEN_TO_ONE = {"runOnly": {"type": "rule", "values": ["color-contrast-enhanced"]}, "resultTypes": ["violations"]}
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "preload": False,
}

UNTIMED = """
() => { if (matchMedia("(scripting: none)").matches) window.setTimeout = run => { Promise.resolve().then(run) } }
"""
"""Lets axe run in a page without JavaScript, whose timers never end."""

axe_everywhere = False
"""Whether axe reads each page at both widths."""

OVERFLOWING = """
() => [...document.body.querySelectorAll("*")].filter(one => {
  const box = one.getBoundingClientRect()
  const scrolled = one.closest(".table, pre, .visually-hidden, math, [popover]:not(:popover-open)")
  const shown = box.width && one.checkVisibility({ contentVisibilityAuto: true }) && !scrolled
  return shown && (box.right > innerWidth + 1 || box.left < -1)
}).map(one => `${one.tagName}.${one.className}`)
"""

SMALL = """
least => [...document.querySelectorAll("a, button, summary, select, textarea, input")].filter(one => {
  // Whoever presses the label around a checkbox or a radio button presses that.
  const pressed = one.matches("[type=checkbox], [type=radio]") && one.closest("label") || one
  const box = pressed.getBoundingClientRect()
  const inText = one.tagName === "A" && one.closest(".reply__body, p")
  const hidden = !one.checkVisibility() || box.width < 2 || one.closest(".visually-hidden") || one.matches(".skip")
  return !hidden && !inText && Math.min(box.width, box.height) < least
}).map(one => `${one.outerHTML.slice(0, 80)} ${one.offsetWidth}x${one.offsetHeight}`)
"""


WINDOWS, AXE_WINDOWS = (320, 360, 768, 1440, 2560), (360, 1440)
"""Widths from a narrow phone's to a wide screen's, and those at which axe runs."""

Faults = dict[str, list[Any]]


def check(page: Page, windows: Sequence[int] = WINDOWS, renew: Callable[[Page], None] | None = None) -> None:
    """Run all checks in windows of some widths; `renew` prepares the page in each.

    Axe takes longest, so without --long it reads a light page on a phone and a dark one on a wide screen.
    """
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    found = find_faults(page, windows, renew, AXE_WINDOWS if axe_everywhere else [AXE_WINDOWS[is_dark]])
    assert not found, found


def find_faults(
    page: Page,
    windows: Sequence[int],
    renew: Callable[[Page], None] | None = None,
    axe_windows: Sequence[int] = AXE_WINDOWS,
) -> Faults:
    """Run all checks; return what they found. Those for a finger come last: a touch screen that is taken away leaves
    the page without any pointer until it is loaded again."""
    found: Faults = {}
    for width in windows:
        resize(page, width, renew)
        found[f"overflows at {width}"] = overflowing(page)
        found[f"small for a mouse at {width}"] = page.evaluate(SMALL, 24)
        if width in axe_windows:
            found[f"axe at {width}"] = complaints(page)
    size = page.evaluate("document.documentElement.dataset.size")
    found["small for a mouse in the smallest text"] = small_for_a_mouse(page)
    if min(windows) < 390:
        found["small for a finger"] = small_for_a_finger(page, renew)
    page.evaluate("size => { document.documentElement.dataset.size = size }", size)
    return {name: all_found for name, all_found in found.items() if all_found}


def resize(page: Page, width: int, renew: Callable[[Page], None] | None) -> None:
    """Give the window a width."""
    page.set_viewport_size({"width": width, "height": 800})
    if renew:
        renew(page)


def overflowing(page: Page) -> list[str]:
    """List the elements that reach beyond the page's edge, and the page if it can be scrolled sideways."""
    is_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return page.evaluate(OVERFLOWING) + ["the page"] * is_wide


def small_for_a_mouse(page: Page) -> list[str]:
    """List what is too small to be clicked, in the smallest text."""
    page.evaluate("document.documentElement.dataset.size = `small`")
    return page.evaluate(SMALL, 24)


def small_for_a_finger(page: Page, renew: Callable[[Page], None] | None = None) -> list[str]:
    """List what is too small to be tapped on a phone."""
    wire = page.context.new_cdp_session(page)
    resize(page, 390, renew)
    wire.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        assert page.evaluate("matchMedia(`(pointer: coarse)`).matches")
        return page.evaluate(SMALL, 44)
    finally:
        wire.send("Emulation.setTouchEmulationEnabled", {"enabled": False})


def faint(page: Page) -> list[Any]:
    """List the texts with less contrast than 7:1."""
    return complaints(page, SEVEN_TO_ONE)


def complaints(page: Page, rules: dict[str, Any] = RULES) -> list[Any]:
    """Run axe; the policy doesn't apply to scripts that the test itself injects."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    page.evaluate(UNTIMED)
    found = page.evaluate("rules => axe.run(document, rules)", rules | behind_a_drawer(page))
    faults = [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found["violations"]]
    return [fault for fault in faults if not is_of_a_model(*fault)]


def is_of_a_model(rule: str, elements: list[str]) -> bool:
    """Tell whether a fault is the order of headings in answers: a model can begin with any level."""
    return rule == "heading-order" and all("aria-level" in element for element in elements)


def behind_a_drawer(page: Page) -> dict[str, Any]:
    """Leave out the rules on headings and landmarks if an open drawer takes them away for as long as it is open."""
    is_open = page.locator("main[inert]").count() > 0
    rules = ("landmark-one-main", "page-has-heading-one")
    return {"rules": {name: {"enabled": False} for name in rules}} if is_open else {}
