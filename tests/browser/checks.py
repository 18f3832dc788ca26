"""Check a page as it stands: axe finds nothing, nothing overflows, and whatever can be pressed is large enough."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
SEVEN_TO_ONE = {"runOnly": {"type": "rule", "values": ["color-contrast-enhanced"]}, "resultTypes": ["violations"]}
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}

AXE_WIDTHS = [360, 1440]

axe_everywhere = False
"""Whether axe reads each page at both widths."""

OVERFLOWING = """
() => [...document.body.querySelectorAll("*")].filter(one => {
  const box = one.getBoundingClientRect()
  const scrolled = one.closest(".table, pre, .places, .visually-hidden, math, [popover]:not(:popover-open)")
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


def check(page: Page) -> None:
    """Run all checks, at widths from a narrow phone's to a wide screen's.

    Axe takes longest, so without --long it reads a light page on a phone and a dark one on a wide screen.
    """
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    axe_widths = AXE_WIDTHS if axe_everywhere else [AXE_WIDTHS[is_dark]]
    found: dict[str, list[Any]] = {}
    for width in (320, 360, 768, 1440, 2560):
        page.set_viewport_size({"width": width, "height": 800})
        found[f"overflows at {width}"] = overflowing(page)
        found[f"small for a mouse at {width}"] = page.evaluate(SMALL, 24)
        if width in axe_widths:
            found[f"axe at {width}"] = complaints(page)
    found["small for a mouse in the smallest text"] = small_for_a_mouse(page)
    found["small for a finger"] = small_for_a_finger(page)
    assert not any(found.values()), {name: all_found for name, all_found in found.items() if all_found}


def overflowing(page: Page) -> list[str]:
    """List the elements that reach beyond the page's edge, and the page if it can be scrolled sideways."""
    is_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return page.evaluate(OVERFLOWING) + ["the page"] * is_wide


def small_for_a_mouse(page: Page) -> list[str]:
    """List what is too small to be clicked, in the smallest text."""
    page.evaluate("document.documentElement.dataset.size = `small`")
    return page.evaluate(SMALL, 24)


def small_for_a_finger(page: Page) -> list[str]:
    """List what is too small to be tapped on a phone."""
    wire = page.context.new_cdp_session(page)
    page.set_viewport_size({"width": 390, "height": 800})
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
    found = page.evaluate("rules => axe.run(document, rules)", rules)
    return [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found["violations"]]
