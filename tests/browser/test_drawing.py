"""Test how the style sheet draws messages: pairs, long questions, formulas, lists and quotations."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site, send
from tests.scripted import Scripted

SUM = " + ".join(f"a_{{{number}}}" for number in range(40))

OVERFLOW = "e => [e.scrollWidth > e.clientWidth, e.scrollHeight <= e.clientHeight]"
PAGE_FITS = "document.documentElement.scrollWidth <= innerWidth"

ARABIC = "مكتبة لبناء الواجهات"


def answer(page: Page, provider: Scripted, text: str) -> None:
    provider.will_say(text)
    before = page.locator(".reply--complete").count()
    send(page, "Draw it")
    expect(page.locator(".reply--complete")).to_have_count(before + 1)


@pytest.mark.parametrize("width", [390, 1440])
def test_a_wide_formula_scrolls_in_itself_and_loses_nothing_at_its_top(
    page: Page, provider: Scripted, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})

    answer(page, provider, f"In a line ${SUM} + \\frac{{x}}{{\\sqrt{{y}}}}$ and\n\n$$\\sum_{{i=1}}^n {SUM}$$")

    assert page.locator(".formula:not(.formula--display)").evaluate(OVERFLOW) == [True, True]
    assert page.locator(".formula--display").evaluate(OVERFLOW) == [True, True]
    assert page.evaluate(PAGE_FITS)


def test_a_formula_that_can_scroll_stands_on_the_line_of_its_words(page: Page, provider: Scripted) -> None:
    answer(page, provider, "A $x$ b\n\nA $x{}{}{}{}{}{}{}{}{}{}{}$ b")

    gaps = page.locator(".reply__body p").evaluate_all(
        "ps => ps.map(p => p.querySelector('mi').getBoundingClientRect().bottom - p.getBoundingClientRect().top)"
    )

    assert page.locator(".formula").count() == 1
    assert gaps[0] == pytest.approx(gaps[1], abs=1)


def test_all_bullets_of_a_list_stand_on_one_side_with_their_text(page: Page, provider: Scripted) -> None:
    answer(page, provider, f"- React {ARABIC}\n- {ARABIC} Vue\n- English only")

    items = page.locator(".reply__body li")

    assert items.evaluate_all("lis => lis.map(li => getComputedStyle(li).direction)") == ["rtl"] * 3
    assert items.evaluate_all("lis => lis.map(li => getComputedStyle(li).textAlign)") == ["right"] * 3


def test_on_a_phone_a_row_of_many_columns_is_one_line(page: Page, provider: Scripted) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    answer(page, provider, f"{'|Mean wait' * 5}|\n{'|-' * 5}|\n{'|a' * 4}|room to spare|\n{'|b' * 5}|")

    heights = page.locator(".reply__body tbody tr").evaluate_all("rows => rows.map(row => row.clientHeight)")

    assert heights[0] == pytest.approx(heights[1], abs=1)
    assert page.evaluate(PAGE_FITS)


def test_an_arabic_table_begins_at_the_right(page: Page, provider: Scripted) -> None:
    answer(page, provider, f"|{ARABIC}|b|\n|:--|--:|\n|لبناء|1|")

    right = "all => all.map(one => one.getBoundingClientRect().right)"
    body, table = page.locator(".reply__body, .reply__body table").evaluate_all(right)

    assert table == pytest.approx(body, abs=1)
    assert page.locator("td").first.evaluate("td => getComputedStyle(td).textAlign") == "right"


def test_the_bar_of_a_quotation_stands_beside_its_text(page: Page, provider: Scripted) -> None:
    answer(page, provider, f"> React {ARABIC}\n\nBetween\n\n> English")

    bars = page.locator("blockquote").evaluate_all(
        "all => all.map(q => [getComputedStyle(q).borderLeftWidth, getComputedStyle(q).borderRightWidth])"
    )

    assert bars == [["0px", "3px"], ["3px", "0px"]]


def test_paragraphs_of_a_quotation_and_blocks_of_tags_stand_apart(page: Page, provider: Scripted) -> None:
    answer(page, provider, "> one\n>\n> two\n\n<div>a</div>\n\n<div>b</div>")

    paragraphs = page.locator(".reply__body p").evaluate_all(
        "ps => ps.map(p => [p.getBoundingClientRect().top, p.getBoundingClientRect().bottom])"
    )

    assert len(paragraphs) == 4
    assert all(below[0] - above[1] > 8 for above, below in pairwise(paragraphs))


def test_tasks_stand_in_step_with_other_items(page: Page, provider: Scripted) -> None:
    answer(page, provider, "- [ ] a\n  - [x] b\n    - [ ] c\n\nBetween\n\n* a\n  * b\n    * c")

    items = page.locator(".reply__body li").evaluate_all("lis => lis.map(li => li.getBoundingClientRect().left)")

    assert items[:3] == items[3:]
    assert items[1] - items[0] == pytest.approx(items[2] - items[1], abs=1)


def test_the_tags_that_are_drawn_look_so(page: Page, provider: Scripted) -> None:
    answer(page, provider, "H<sub>2</sub>O, <kbd>Ctrl</kbd> and <mark>this</mark>")

    water = page.locator(".reply__body sub")

    assert water.evaluate("e => getComputedStyle(e).verticalAlign") == "sub"
    assert page.locator(".reply__body kbd").evaluate("e => getComputedStyle(e).borderBottomWidth") == "2px"
    assert page.locator("mark").evaluate("e => getComputedStyle(e).backgroundColor") != "rgba(0, 0, 0, 0)"


GAPS = """[...document.querySelectorAll(".messages > *")].slice(0, -1).map(article => {
  const text = each => each.querySelector(".message__text, .reply__body").getBoundingClientRect()
  return Math.round(text(article.nextElementSibling).top - text(article).bottom)
})"""


def test_a_question_and_its_answer_are_a_pair_and_only_the_last_answer_shows_its_actions(
    page: Page, provider: Scripted
) -> None:
    page.set_viewport_size({"width": 1440, "height": 800})
    answer(page, provider, "One.")
    answer(page, provider, "Two.")
    page.mouse.move(0, 0)

    within, between, _ = page.evaluate(GAPS)
    assert within < 24 and between > 3 * within
    opacities = "all => all.map(one => getComputedStyle(one).opacity)"
    expect(page.locator(".copy").last).to_have_css("opacity", "1")
    expect(page.locator(".copy").first).to_have_css("opacity", "0")
    assert page.locator(".facts > summary").evaluate_all(opacities) == ["0", "1"]
    page.locator(".reply").first.hover()

    expect(page.locator(".copy").first).to_have_css("opacity", "1")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_long_question_is_folded_and_shown_whole_on_request_and_in_print(
    visit: Callable[..., Page], site: Site, provider: Scripted, javascript: bool
) -> None:
    page = visit(site.url, java_script_enabled=javascript)
    provider.will_say("One.")
    send(page, "Why?\n```python\n" + "\n".join(f"line_{number}" for number in range(300)) + "\n```")
    expect(page.locator(".reply--complete")).to_be_visible()
    last, height = page.locator(".unfolded").get_by_text("line_299"), "document.documentElement.scrollHeight"
    expect(last).to_be_hidden()
    assert page.evaluate(height) < 1000
    page.emulate_media(media="print")
    expect(last).to_be_visible()
    assert page.evaluate(height) > 3000
    page.emulate_media(media="screen")

    page.get_by_text("Show all 303 lines").click()

    expect(last).to_be_visible()
    assert page.locator("pre").locator("visible=true").inner_text().startswith("line_0\nline_1\n")
    page.get_by_text("Show less").click()
    expect(last).to_be_hidden()
