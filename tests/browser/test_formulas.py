"""Test formulas in the page: their font, their width, and the text that a copy of them holds."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site, send
from tests.scripted import Scripted

WIDE = "+".join(f"x_{{{number}}}" for number in range(90))
STATUS = """[...document.fonts].filter(font => font.family.includes("Math")).map(font => font.status)"""
TALL = r"\frac{\frac{\hat{A}^2}{b}}{\frac{c}{d}} + \overbrace{\widehat{abc}}^{n} + \sqrt{\frac{A}{B}}"


def answered(page: Page, provider: Scripted, answer: str) -> None:
    """Ask for an answer and wait for its end."""
    provider.will_say(answer)
    send(page, "Show me")
    expect(page.locator(".reply--complete")).to_have_count(1)


def test_only_a_page_with_a_formula_asks_for_the_font_of_formulas(page: Page, provider: Scripted, site: Site) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    answered(page, provider, "No *formula*, and no font: `x^2`.")
    page.reload()
    page.evaluate("document.fonts.ready.then(() => 0)")
    before = [url for url in asked if url.endswith("math.woff2")]
    page.goto(site.url)
    with page.expect_response("**/math.woff2") as font:
        answered(page, provider, r"Here: $\sqrt{x}$.")

    assert before == []
    assert font.value.status == 200 and font.value.headers["content-type"] == "font/woff2"
    page.evaluate("document.fonts.ready.then(() => 0)")
    assert page.evaluate(STATUS) == ["loaded"]


@pytest.mark.parametrize("text", ["Inline $%s$ in a line.", "$$%s$$", "- $%s$ in an item", "|a|\n|-|\n|$%s$|"])
def test_a_formula_wider_than_the_column_scrolls_in_itself(page: Page, provider: Scripted, text: str) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    answered(page, provider, text % WIDE)

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    math = page.locator(".reply__body math")
    scrolls = math.evaluate("""math => {
      const boxes = [math.closest(".formula"), math.closest(".table")]
      const place = boxes.find(box => box && box.scrollWidth > box.clientWidth + 1)
      if (!place) return false
      place.scrollLeft = 100000
      return place.scrollLeft > 0
    }""")
    assert scrolls


@pytest.mark.parametrize("text", ["Inline $%s$ in a line.", "$$%s$$"])
def test_a_tall_formula_is_not_cut_off_and_does_not_scroll_downwards(page: Page, provider: Scripted, text: str) -> None:
    answered(page, provider, text % TALL)

    inside = page.locator(".reply__body math").evaluate("""math => {
      const place = math.closest(".formula") || math
      const box = place.getBoundingClientRect()
      const parts = [...math.querySelectorAll("semantics > mrow *")].map(one => one.getBoundingClientRect())
      return {
        scrolls: place.scrollHeight > place.clientHeight + 1,
        top: Math.min(...parts.map(part => part.top)) >= box.top - 0.5,
        bottom: Math.max(...parts.map(part => part.bottom)) <= box.bottom + 0.5,
      }
    }""")
    assert inside == {"scrolls": False, "top": True, "bottom": True}


def test_an_inline_formula_stands_on_the_line_of_its_words(page: Page, provider: Scripted) -> None:
    answered(page, provider, "Word $x$ word.")

    apart = page.locator(".reply__body p").evaluate("""line => {
      const mark = document.createElement("span")
      mark.style.display = "inline-block"
      line.prepend(mark)
      return mark.getBoundingClientRect().bottom - line.querySelector("mi").getBoundingClientRect().bottom
    }""")
    assert abs(apart) < 2


ACCENTS = [
    "vec v",
    "dddot x",
    "widehat A",
    "widehat{abc}",
    "widetilde{abc}",
    "overline x",
    "overline{AB}",
    "underline x",
]


def test_an_accent_has_a_width_of_its_own_by_which_chromium_centres_it(page: Page, provider: Scripted) -> None:
    answered(page, provider, "\n\n".join(f"Here: $\\{accent}$." for accent in ACCENTS))
    page.evaluate("document.fonts.ready.then(() => 0)")

    boxes = page.locator("munder, mover").evaluate_all("""all => all.map(one => [...one.children].map(part => {
      const { left, right, width } = part.getBoundingClientRect()
      return { middle: (left + right) / 2, width }
    }))""")
    for accent, (base, sign) in zip(ACCENTS, boxes, strict=True):
        assert sign["width"] > 4, accent
        assert abs(base["middle"] - sign["middle"]) < 3, accent


COPIED = [
    ("Before $x^2$ after.", "Before $x^2$ after."),
    (r"$\frac{a}{b}$", r"$\frac{a}{b}$"),
    ("$$a<b & c$$", "$$a<b & c$$"),
    ("One $x$ and $y_1$.\n\nTwo.", "One $x$ and $y_1$.\n\nTwo."),
]


@pytest.mark.parametrize(("answer", "copied"), COPIED)
def test_a_formula_is_copied_as_latex(page: Page, provider: Scripted, answer: str, copied: str) -> None:
    answered(page, provider, answer)

    copy(page, ".reply__body")

    assert pasted(page).strip() == copied


def test_a_part_of_a_formula_is_copied_as_the_whole(page: Page, provider: Scripted) -> None:
    answered(page, provider, "Before $x^2+y$ after.")

    copy(page, ".reply__body msup")

    assert pasted(page) == "$x^2+y$"


def test_a_button_is_not_copied_with_an_answer(page: Page, provider: Scripted) -> None:
    answered(page, provider, "So $x$:\n\n```python\nprint(1)\n```")

    copy(page, ".reply__body")

    assert pasted(page).split() == ["So", "$x$:", "python", "print(1)"]


def test_words_without_a_formula_are_copied_as_the_browser_does(page: Page, provider: Scripted) -> None:
    answered(page, provider, "Some *words* and $x$.")

    copy(page, ".reply__body em")

    assert pasted(page) == "words"


def copy(page: Page, selector: str) -> None:
    """Select an element's content and copy it."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("document.activeElement.blur()")
    page.locator(selector).evaluate("one => getSelection().selectAllChildren(one)")
    page.keyboard.press("Control+C")


def pasted(page: Page) -> str:
    """Paste the clipboard into the composer."""
    page.locator("#text").focus()
    page.keyboard.press("Control+V")
    return page.locator("#text").input_value()
