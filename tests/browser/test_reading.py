"""Test reading: following the end, announcements, times in the reader's own zone, being offline."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.site import Site, send
from tests.scripted import Gate, Scripted

TURNING = "setInterval(() => document.body.dispatchEvent(new WheelEvent('wheel', { deltaY: -1, bubbles: true })), 20)"

LINES = "A line of some length.\n\n"

HEARD = """
heard = []
new MutationObserver(() => heard.push(document.getElementById("announcement").textContent))
  .observe(document.getElementById("announcement"), { childList: true, subtree: true, characterData: true })
"""


def scrolled(page: Page) -> int:
    return page.evaluate("Math.round(document.documentElement.scrollTop)")


def test_the_end_is_followed_by_a_reader_who_is_there(page: Page, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say(LINES * 40, gate, LINES * 40, "The end.")
    send(page, "At length, please")
    expect(page.locator(".reply p")).to_have_count(41)  # with the notice

    gate.open()

    expect(page.get_by_text("The end.")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Jump to latest")).to_be_hidden()


def test_a_reader_who_is_elsewhere_is_left_there_and_led_to_the_newest_by_a_button(
    page: Page, provider: Scripted
) -> None:
    gate, jump = Gate(), page.get_by_role("button", name="Jump to latest")
    provider.will_say(LINES * 40, gate, LINES * 40, "The end.")
    send(page, "At length, please")
    expect(page.locator(".reply p")).to_have_count(41)
    expect(jump).to_be_hidden()
    page.evaluate("scrollTo(0, 200)")
    expect(jump).to_be_visible()
    assert jump.evaluate("jump => jump.getBoundingClientRect().left > jump.form.getBoundingClientRect().right")

    gate.open()
    expect(page.locator(".reply--complete")).to_contain_text("The end.")
    assert scrolled(page) == 200
    page.keyboard.press("Shift+Tab")
    expect(jump).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_text("The end.")).to_be_in_viewport()
    expect(jump).to_be_hidden()
    expect(page.locator("#text")).to_be_focused()


MOVES: dict[str, Callable[[Page], None]] = {
    "a notch of the wheel": lambda page: page.mouse.wheel(0, -53),
    "an arrow key": lambda page: page.keyboard.press("ArrowUp"),
    "a drag of the scrollbar": lambda page: page.evaluate("scrollBy(0, -20)"),
}


@pytest.mark.parametrize("move", MOVES)
def test_the_first_move_upwards_ends_following(page: Page, provider: Scripted, move: str) -> None:
    gate = Gate()
    provider.will_say(LINES * 40, gate, *[LINES] * 20, "The end.")
    send(page, "At length, please")
    expect(page.locator(".reply p")).to_have_count(41)
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(600, 300)
    before = scrolled(page)

    MOVES[move](page)
    page.wait_for_function("before => document.documentElement.scrollTop < before", arg=before)
    gate.open()
    expect(page.locator(".reply--complete")).to_contain_text("The end.")

    assert before - 120 < scrolled(page) < before


def test_a_move_that_is_under_way_is_not_undone(page: Page, provider: Scripted) -> None:
    """The wheel event comes before the page scrolls."""
    gate = Gate()
    provider.will_say(LINES * 40, gate, LINES * 40, "The end.")
    send(page, "At length, please")
    expect(page.locator(".reply p")).to_have_count(41)
    before = scrolled(page)
    page.evaluate(TURNING)
    page.wait_for_timeout(100)

    gate.open()
    expect(page.locator(".reply--complete")).to_contain_text("The end.")

    assert scrolled(page) == before


def test_at_the_end_following_begins_again(page: Page, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say(LINES * 40, gate, LINES * 40, "The end.")
    send(page, "At length, please")
    expect(page.locator(".reply p")).to_have_count(41)
    page.evaluate("scrollBy(0, -60)")

    page.evaluate("scrollBy(0, 60)")
    gate.open()

    expect(page.get_by_text("The end.")).to_be_in_viewport()


GLIDE = """begin => {
  const page = document.documentElement
  const goal = page.scrollHeight - page.clientHeight
  document.body.dispatchEvent(begin === "wheel"
    ? new WheelEvent("wheel", { deltaY: 500, bubbles: true })
    : new KeyboardEvent("keydown", { key: begin, bubbles: true }))
  document.getElementById("main").style.paddingBottom = "200px"
  scrollTo(0, goal - 30)
}"""


@pytest.mark.parametrize("begin", ["wheel", "End"])
def test_an_answer_that_outruns_a_glide_to_its_end_is_followed(page: Page, provider: Scripted, begin: str) -> None:
    gate = Gate()
    provider.will_say(LINES * 40, gate, LINES * 40, "The end.")
    send(page, "At length, please")
    expect(page.locator(".reply p")).to_have_count(41)
    page.evaluate("scrollTo(0, 200)")
    expect(page.get_by_role("button", name="Jump to latest")).to_be_visible()

    page.evaluate(GLIDE, begin)
    page.wait_for_timeout(100)
    gate.open()

    expect(page.get_by_text("The end.")).to_be_in_viewport()


def test_a_move_that_scrolls_nothing_leaves_following_as_it_is(page: Page, provider: Scripted) -> None:
    first, second = Gate(), Gate()
    provider.will_say("Short.", first, LINES * 40, second, LINES * 40, "The end.")
    send(page, "At length, please")
    expect(page.locator(".reply")).to_contain_text("Short.")
    page.mouse.move(600, 300)
    page.mouse.wheel(0, -53)

    first.open()
    expect(page.locator(".reply p")).to_have_count(41)
    second.open()

    expect(page.get_by_text("The end.")).to_be_in_viewport()


def test_the_end_stays_in_sight_when_the_window_changes(page: Page, provider: Scripted) -> None:
    provider.will_say("A paragraph of some length, which takes more lines in a narrow window. " * 40, "The end.")
    send(page, "At length, please")
    expect(page.locator(".reply--complete")).to_contain_text("The end.")

    page.set_viewport_size({"width": 390, "height": 500})

    expect(page.get_by_text("The end.")).to_be_in_viewport()


ENDS = """[...document.querySelectorAll(".reply__body p, .actions")].map(e => {
  const { top, bottom } = e.getBoundingClientRect()
  return [top, bottom]
})"""


def test_nothing_moves_at_the_end_of_an_answer_beside_which_a_stream_flows(page: Page, provider: Scripted) -> None:
    provider.will_say("One.\n\n- two\n- three\n\n> Four.\n\n", "Five", gate := Gate())
    send(page, "Count")
    expect(page.locator(".reply__body p").last).to_have_text("Five")
    stream = page.locator(".reply[aria-busy] .stream")
    assert stream.evaluate("one => one.getAnimations().map(each => each.playState)") == ["running"]
    before = page.evaluate(ENDS)

    gate.open()
    expect(page.locator(".reply--complete")).to_be_visible()

    assert page.evaluate(ENDS) == before
    expect(page.locator(".stream")).to_have_count(0)


def test_after_the_jump_the_end_is_followed_again(page: Page, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say(LINES * 40, gate, LINES * 40, "The end.")
    send(page, "At length, please")
    expect(page.locator(".reply p")).to_have_count(41)
    page.evaluate("scrollTo(0, 200)")

    page.get_by_role("button", name="Jump to latest").click()
    gate.open()

    expect(page.get_by_text("The end.")).to_be_in_viewport()


def test_an_answer_is_announced_at_its_beginning_and_its_end_and_not_between(page: Page, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say(*["word "] * 60, gate, "\n\n- and a list\n- of two\n\n", *["more "] * 60)
    page.evaluate(HEARD)

    send(page, "Talk")
    expect(page.locator(".reply")).to_contain_text("word")
    gate.open()
    expect(page.locator(".reply--complete")).to_contain_text("more")

    expect(page.locator("#announcement")).to_have_text("Answer complete.")
    assert page.evaluate("heard") == ["Answering…", "Answer complete."]
    assert page.locator(".messages :is([aria-live], [role=status], [role=alert], [role=log])").count() == 0


def test_times_stand_in_the_readers_zone(visit: Callable[..., Page], site: Site) -> None:
    page = visit(site.url, timezone_id="Pacific/Kiritimati")
    send(page, "Hello?")

    here = datetime.now(UTC).astimezone(ZoneInfo("Pacific/Kiritimati"))
    times = page.locator(".reply--complete time")
    expect(times).to_have_text(re.compile(f"^{here:%-d %b %Y}, \\d\\d:\\d\\d$"))


def test_being_offline_is_said_as_long_as_it_lasts(page: Page) -> None:
    line = page.get_by_role("status").filter(has_text="You're offline.")
    expect(line).to_have_count(0)

    page.context.set_offline(True)
    expect(line).to_be_visible()
    page.context.set_offline(False)

    expect(line).to_have_count(0)


def test_an_outage_is_said_until_the_answer_goes_on(page: Page, provider: Scripted) -> None:
    gate, line = Gate(), page.locator("#offline")
    provider.will_say("Slowly ", gate, "done.")
    outage = [lambda route: route.fulfill(content_type="text/event-stream", body="event:beat\n\n")]
    page.route("**/generation", lambda route: (outage.pop() if outage else Route.abort)(route))
    send(page, "Hello?")

    expect(line).to_have_text("Can't reach the server.")
    page.unroute_all()
    gate.open()

    expect(page.locator(".reply--complete")).to_contain_text("Slowly done.")
    expect(line).to_have_text("")
