"""Test writing: keys that send, a box that grows, and a draft that survives reloads and errors, but not its sending."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site, send
from tests.scripted import Gate, Scripted

COMPOSING = """box => [{ isComposing: true }, { keyCode: 229 }].map(how => box.dispatchEvent(
  new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...how })))"""

PRESSED = """box => box.dispatchEvent(
  new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }))"""

REFUSED = """
for (const store of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, store, { get() { throw new DOMException("Refused", "SecurityError") } })
"""


def ask(page: Page, provider: Scripted, text: str, answer: str) -> None:
    """Send a message and wait for the end of its answer."""
    before = page.locator(".reply--complete").count()
    provider.will_say(answer)
    send(page, text)
    expect(page.locator(".reply--complete")).to_have_count(before + 1)


def test_whoever_wishes_it_breaks_the_line_by_enter_and_sends_by_ctrl_enter(page: Page, provider: Scripted) -> None:
    provider.will_say("Good.")
    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_label("Enter adds a new line").check()
    page.reload()

    page.locator("#text").press_sequentially("one")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    page.keyboard.press("Control+Enter")

    expect(page.locator(".reply--complete")).to_contain_text("Good.")
    assert provider.calls[0].messages[-1]["content"] == "one\ntwo"


def test_a_wish_that_is_taken_back_is_forgotten(page: Page) -> None:
    page.get_by_role("button", name="Shortcuts").click()
    wish = page.get_by_label("Enter adds a new line")
    wish.check()
    wish.uncheck()
    page.reload()

    assert page.evaluate("Object.keys(localStorage)") == [] and not wish.is_checked()


def test_an_enter_that_ends_a_composition_sends_nothing(page: Page, provider: Scripted) -> None:
    page.locator("#text").fill("nihon")

    left_alone = page.locator("#text").evaluate(COMPOSING)

    assert left_alone == [True, True]
    expect(page.locator("#text")).to_have_value("nihon")
    assert provider.calls == []


def test_enter_on_a_keyboard_on_the_screen_breaks_the_line(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    page = visit(site.url, viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    page.locator("#text").press_sequentially("one")
    page.set_viewport_size({"width": 360, "height": 380})  # the part of the page that the keyboard leaves

    page.keyboard.press("Enter")
    page.keyboard.type("two")

    expect(page.locator("#text")).to_have_value("one\ntwo")
    assert provider.calls == []


def test_enter_on_a_keyboard_of_a_touch_device_sends(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    page = visit(site.url, viewport={"width": 1180, "height": 820}, has_touch=True, is_mobile=True)
    provider.will_say("Here.")
    page.locator("#text").press_sequentially("one")

    page.keyboard.press("Enter")

    expect(page.locator(".reply--complete")).to_contain_text("Here.")


def test_a_key_without_a_code_is_one_on_the_screen(visit: Callable[..., Page], site: Site, provider: Scripted) -> None:
    """Android's keyboards do this; they can float and cover nothing."""
    page = visit(site.url, viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    page.locator("#text").press_sequentially("one")

    assert page.locator("#text").evaluate(PRESSED)

    assert provider.calls == []


def test_the_box_grows_with_its_text_up_to_a_limit(page: Page) -> None:
    heights = []

    for lines in (1, 6, 200):
        page.locator("#text").fill("line\n" * lines)
        heights.append(page.locator("#text").evaluate("box => box.offsetHeight / innerHeight"))

    assert heights[0] < heights[1] < heights[2] <= 0.41


def test_each_conversation_keeps_its_draft_over_reloads(page: Page, site: Site, provider: Scripted) -> None:
    ask(page, provider, "One?", "One.")
    conversation = page.url
    page.locator("#text").fill("Half a thought")
    page.reload()
    expect(page.locator("#text")).to_have_value("Half a thought")

    page.goto(site.url)
    expect(page.locator("#text")).to_have_value("")
    page.locator("#text").fill("Another")
    page.goto(conversation)

    expect(page.locator("#text")).to_have_value("Half a thought")
    page.goto(site.url)
    expect(page.locator("#text")).to_have_value("Another")


def test_what_was_sent_is_no_draft_any_more(page: Page, provider: Scripted) -> None:
    ask(page, provider, "One?", "One.")
    ask(page, provider, "Two?", "Two.")
    page.locator("#text").fill("Never mind")
    page.locator("#text").fill("")

    assert page.evaluate("Object.keys(sessionStorage)") == []
    page.reload()
    expect(page.locator("#text")).to_have_value("")


def test_what_could_not_be_sent_outlives_a_reload(page: Page, provider: Scripted) -> None:
    page.context.set_offline(True)
    page.locator("#text").fill("Keep me")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_contain_text("Can't reach the server")
    page.context.set_offline(False)

    page.reload()

    expect(page.locator("#text")).to_have_value("Keep me")


def test_a_text_on_its_way_outlives_a_reload(page: Page, provider: Scripted) -> None:
    held = []
    page.route("**/conversations", lambda route: held.append(route))
    page.locator("#text").fill("First")
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value("")

    page.keyboard.type("Second")
    page.reload()

    expect(page.locator("#text")).to_have_value("First\n\nSecond")


def test_what_is_typed_while_the_first_message_goes_belongs_to_its_conversation(
    page: Page, site: Site, provider: Scripted
) -> None:
    held = []
    provider.will_say("Well.")
    page.route("**/conversations", lambda route: held.append(route))
    page.locator("#text").fill("First")
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value("")
    page.keyboard.type("Second")
    held[0].continue_()
    expect(page.locator(".reply--complete")).to_contain_text("Well.")

    page.reload()

    expect(page.locator("#text")).to_have_value("Second")
    page.goto(site.url)
    expect(page.locator("#text")).to_have_value("")


def test_an_example_is_sent_and_what_was_typed_stays(page: Page, provider: Scripted) -> None:
    provider.will_say("A river, running late.")
    page.locator("#text").fill("My own")

    page.get_by_role("button", name="Write a limerick").click()

    expect(page.locator(".reply--complete")).to_contain_text("A river, running late.")
    expect(page.locator("#text")).to_have_value("My own")


def test_back_leaves_a_draft_where_it_was_written(page: Page, provider: Scripted) -> None:
    ask(page, provider, "One?", "One.")
    page.locator("#text").fill("For here alone")

    page.go_back()
    expect(page.locator(".welcome")).to_be_visible()
    expect(page.locator("#text")).to_have_value("")
    page.go_forward()

    expect(page.locator(".reply--complete")).to_contain_text("One.")
    expect(page.locator("#text")).to_have_value("For here alone")


def test_where_nothing_may_be_kept_one_can_still_write(page: Page, provider: Scripted) -> None:
    page.context.add_init_script(REFUSED)
    page.reload()
    provider.will_say("Here.")

    page.locator("#text").press_sequentially("Anyone?")
    page.keyboard.press("Enter")

    expect(page.locator(".reply--complete")).to_contain_text("Here.")


def test_the_arrow_up_in_an_empty_box_edits_the_last_message(page: Page, provider: Scripted) -> None:
    ask(page, provider, "One?", "One.")
    ask(page, provider, "Two?", "Two.")
    page.keyboard.press("ArrowUp")
    edit = page.locator(".edit[open] textarea")
    expect(edit).to_be_focused()
    expect(edit).to_have_value("Two?")

    provider.will_say("Three.")
    page.keyboard.type(" Three?")
    page.keyboard.press("Enter")

    expect(page.locator(".reply--complete").last).to_contain_text("Three.")
    expect(page.locator(".message__text").last).to_have_text("Two? Three?")


def test_the_arrow_up_in_a_text_moves_in_it(page: Page, provider: Scripted) -> None:
    ask(page, provider, "One?", "One.")
    page.locator("#text").fill("Not empty")

    page.keyboard.press("ArrowUp")

    expect(page.locator("#text")).to_be_focused()
    expect(page.locator(".edit[open]")).to_have_count(0)


def test_escape_stops_the_answer(page: Page, provider: Scripted) -> None:
    provider.will_say("As I was ", Gate(), "saying")
    send(page, "Go on")
    expect(page.locator(".reply")).to_contain_text("As I was")

    page.keyboard.press("Escape")

    expect(page.locator(".reply--stopped")).to_contain_text("Stopped.")


OPEN = {
    "an edit": "document.querySelector('.edit').open = true",
    "the list of shortcuts": "document.querySelector('#shortcuts').showModal()",
    "the menu": """new Promise(done => {
      document.addEventListener("toggle", () => done(), { capture: true, once: true })
      document.getElementById("menu-here").click()
    })""",
    "a selection": "getSelection().selectAllChildren(document.querySelector('.message__text'))",
}


@pytest.mark.parametrize("script", OPEN.values(), ids=OPEN)
def test_escape_closes_what_is_open_and_stops_nothing(page: Page, provider: Scripted, script: str) -> None:
    gate = Gate()
    provider.will_say("As I was ", gate, "saying")
    send(page, "Go on")
    expect(page.locator(".reply")).to_contain_text("As I was")
    page.evaluate(script)

    page.keyboard.press("Escape")
    expect(page.locator("details[open], :modal, :popover-open")).to_have_count(0)
    gate.open()

    expect(page.locator(".reply--complete")).to_contain_text("As I was saying")
