"""Test the keyboard alone: the list of shortcuts, the drawer, and a focus that is always visible and in a sensible
order."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.site import Site, send
from tests.browser.states.progress import answering
from tests.scripted import Scripted

FOCUSED = """() => {
  const at = document.activeElement
  const ring = [at, at.closest(".composer__box")].some(box => box && getComputedStyle(box).outlineStyle !== "none")
  const boxes = [at, at.parentElement, at.parentElement.parentElement]
  const clear = boxes.every(box => getComputedStyle(box).opacity === "1")
  const name = at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent
  return [name.trim(), ring && clear]
}"""


def walk(page: Page) -> list[tuple[str, bool]]:
    """Press Tab from the top of the page to its end; return each focused element's name, and whether it was visible."""
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    seen: list[tuple[str, bool]] = []
    while len(seen) < 40:
        page.keyboard.press("Tab")
        page.wait_for_timeout(250)  # the fade-in has ended
        if page.evaluate("document.activeElement === document.body"):
            break
        seen.append(tuple(page.evaluate(FOCUSED)))
    return seen


def test_everything_is_reached_in_a_sensible_order_and_the_focus_is_seen(page: Page, provider: Scripted) -> None:
    provider.will_say("Use this:\n\n```\nls\n```")
    send(page, "How?")
    expect(page.locator(".reply--complete")).to_contain_text("Use this")
    page.reload()

    stops = walk(page)

    names = [name for name, _ in stops]
    order = [
        "Skip to",
        "Rivulet",
        "New chat",
        "Shortcuts",
        "Chat options",
        "Edit",
        "Wrap",
        "Copy code",
        "Copy answer",
        "Retry",
        "Details",
        "Your message",
    ]
    found = [next(number for number, name in enumerate(names) if name.startswith(start)) for start in order]
    assert found == sorted(found) and names[-1] == "Send"
    assert [name for name, is_seen in stops if not is_seen] == []


def test_a_question_mark_outside_of_a_box_lists_the_shortcuts(page: Page) -> None:
    shortcuts, link = page.locator("#shortcuts"), page.get_by_role("link", name="New chat")
    page.locator("#text").press("?")
    expect(shortcuts).to_be_hidden()
    expect(page.locator("#text")).to_have_value("?")

    link.focus()
    page.keyboard.press("?")
    expect(shortcuts).to_be_visible()
    expect(shortcuts.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")

    expect(shortcuts).to_be_hidden()
    expect(link).to_be_focused()


def test_the_list_of_shortcuts_holds_the_focus_until_a_click_outside_closes_it(page: Page) -> None:
    shortcuts, opener = page.locator("#shortcuts"), page.get_by_role("button", name="Shortcuts")
    opener.focus()
    page.keyboard.press("Enter")
    for _ in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main, nav')") is None
    page.keyboard.press("/")
    expect(page.locator("#text")).not_to_be_focused()

    shortcuts.get_by_role("heading").click()
    expect(shortcuts).to_be_visible()
    page.mouse.click(5, 5)

    expect(shortcuts).to_be_hidden()
    expect(opener).to_be_focused()


def test_keys_lead_to_the_box_to_other_conversations_and_copy_the_last_answer(page: Page, provider: Scripted) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    box, text = page.locator("#text"), page.locator(".message__text")
    for name in ("First", "Second"):
        provider.will_say(f"To {name}.")
        send(page, name)
        expect(page.locator(".reply--complete")).to_contain_text(f"To {name}.")
        page.keyboard.press("ControlOrMeta+Shift+O")
        expect(page.locator(".welcome")).to_be_visible()

    page.keyboard.press("Alt+ArrowDown")
    expect(text).to_have_text("Second")
    page.keyboard.press("Alt+ArrowDown")
    expect(text).to_have_text("First")
    page.keyboard.press("ControlOrMeta+Shift+C")
    expect(page.locator("#announcement")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "To First.\n"
    page.keyboard.press("Alt+ArrowUp")
    expect(text).to_have_text("Second")
    page.go_back()
    expect(text).to_have_text("First")
    page.get_by_role("button", name="Shortcuts").click()
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.go_forward()
    expect(text).to_have_text("Second")
    listed = page.locator(".list__item")
    listed.first.focus()
    page.keyboard.press("ArrowDown")
    expect(listed.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(listed.first).to_be_focused()
    listed.first.blur()
    page.keyboard.press("/")

    expect(box).to_be_focused()
    expect(box).to_have_value("")


def test_whoever_speaks_to_the_computer_can_turn_the_single_keys_off(page: Page) -> None:
    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_label("Turn off the / and ? shortcuts").check()
    page.keyboard.press("Escape")
    page.reload()
    page.get_by_role("link", name="New chat").focus()

    page.keyboard.press("?")
    page.keyboard.press("/")

    expect(page.locator("#shortcuts")).to_be_hidden()
    expect(page.locator("#text")).not_to_be_focused()


def test_the_list_of_shortcuts_says_how_it_is(page: Page) -> None:
    page.get_by_role("button", name="Shortcuts").click()
    keys = page.locator("#shortcuts dd")
    before = [keys.nth(number).inner_text() for number in range(2)]

    page.get_by_label("Enter adds a new line").check()

    assert [text.split() for text in before] == [["Enter"], ["Shift", "Enter"]]
    assert [keys.nth(number).inner_text().split() for number in range(2)] == [["Ctrl", "Enter"], ["Enter"]]


def test_the_drawer_takes_the_focus_holds_it_and_gives_it_back(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    page = visit(site.url, viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    provider.will_say("Here.")
    send(page, "Anyone?")
    expect(page.locator(".reply--complete")).to_contain_text("Here.")
    opener, drawer = page.get_by_role("button", name="Chats"), page.locator("#sidebar")
    opener.focus()

    page.keyboard.press("Enter")
    expect(drawer.get_by_role("link", name="Anyone?")).to_be_focused()
    for _ in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main, .bar, .skip')") is None
    page.keyboard.press("Escape")

    expect(drawer).to_be_hidden()
    expect(opener).to_be_focused()
    page.locator("#text").click()
    expect(page.locator("#text")).to_be_focused()


def test_the_drawer_is_closed_by_its_button_without_javascript_too(visit: Callable[..., Page], site: Site) -> None:
    page = visit(site.url, viewport={"width": 360, "height": 640}, has_touch=True, java_script_enabled=False)
    page.get_by_role("button", name="Chats").click()
    expect(page.locator("#sidebar")).to_be_visible()

    page.locator("#sidebar").get_by_role("button", name="Close").click()

    expect(page.locator("#sidebar")).to_be_hidden()


def test_the_focus_is_in_the_box_after_what_replaces_the_element_that_had_it(
    page: Page, site: Site, provider: Scripted
) -> None:
    answering(page, site)

    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".reply--stopped")).to_be_visible()
    expect(page.locator("#text")).to_be_focused()

    for name, form in (("Retry", ".again"), ("Send", ".edit")):
        provider.will_say(f"Said after {name}.")
        if form == ".edit":
            page.locator(".edit summary").click()
        page.locator(form).get_by_role("button", name=name).first.click()
        expect(page.locator(".reply--complete")).to_contain_text(f"Said after {name}.")
        expect(page.locator("#text")).to_be_focused()


def test_the_focus_is_in_the_box_after_two_swaps_that_overlap(page: Page) -> None:
    page.get_by_role("link", name="New chat").focus()

    page.evaluate("""() => {
      const tell = name => document.dispatchEvent(new CustomEvent(name, { detail: { ctx: {} } }))
      tell("htmx:before:swap")
      document.activeElement.remove()
      tell("htmx:before:swap")
      tell("htmx:after:swap")
    }""")

    expect(page.locator("#text")).to_be_focused()
