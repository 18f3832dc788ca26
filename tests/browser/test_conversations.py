"""Test navigation: the list, Back, deleting, other people, small screens, and a server that goes away."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.site import Site, send
from tests.scripted import Gate, Scripted
from tests.serving import gunicorn, upstream
from tests.turns import eventually


def test_a_second_browser_is_shut_out(page: Page, visit: Callable[..., Page], site: Site, provider: Scripted) -> None:
    provider.will_say("Between us.")
    send(page, "A secret")
    expect(page.locator(".reply--complete")).to_be_visible()

    stranger = visit(site.url)
    answer = stranger.goto(page.url)

    assert answer and answer.status == 404
    expect(stranger.locator("body")).not_to_contain_text("secret")


def test_a_conversation_goes_on_and_stands_in_the_list(page: Page, provider: Scripted) -> None:
    provider.will_say("One.")
    provider.will_say("Two.")
    send(page, "The first question")
    expect(page.locator(".reply--complete")).to_have_count(1)
    send(page, "The second question")
    expect(page.locator(".reply--complete")).to_have_count(2)

    page.get_by_role("link", name="New chat").click()
    expect(page.locator(".welcome")).to_be_visible()
    page.get_by_role("link", name="The first question").click()

    expect(page.locator(".message")).to_have_count(2)
    expect(page.locator(".reply--complete").last).to_contain_text("Two.")


def test_back_after_the_first_message_and_forward_again(page: Page, site: Site, provider: Scripted) -> None:
    provider.will_say("Here.")
    send(page, "Where am I?")
    expect(page.locator(".reply--complete")).to_contain_text("Here.")
    assert "/conversations/" in page.url

    page.go_back()
    expect(page.locator(".welcome")).to_be_visible()
    expect(page.locator(".message")).to_have_count(0)
    expect(page.get_by_role("link", name="Where am I?")).to_be_visible()
    assert page.url.rstrip("/") == site.url
    page.go_forward()

    expect(page.locator(".reply--complete")).to_contain_text("Here.")


def test_the_list_shows_which_conversation_is_answering_until_it_is_not(page: Page, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("Slow", gate)
    send(page, "A slow one")
    expect(page.locator(".reply")).to_contain_text("Slow")
    page.get_by_role("link", name="New chat").click()
    expect(page.locator(".list__answering")).to_have_count(1)

    gate.open()

    expect(page.locator(".list__answering")).to_have_count(0)


def test_a_deleted_conversation_is_gone_and_its_answer_stopped(page: Page, provider: Scripted) -> None:
    provider.will_say("Hel", Gate())
    send(page, "Forget this")
    expect(page.locator(".reply")).to_contain_text("Hel")
    address = page.url

    page.get_by_label("Chat options").click()
    page.get_by_text("Delete chat…").click()
    with page.expect_response("**/deletion"):
        page.get_by_role("button", name="Delete", exact=True).dblclick()

    expect(page.locator(".welcome")).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#problem")).to_have_text("")
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator(".list")).not_to_contain_text("Forget this")
    assert provider.sayings[0].cancelled.is_set()
    gone = page.goto(address)
    assert gone and gone.status == 404


def test_a_conversation_that_can_not_be_opened_leaves_the_address_as_it_is(
    page: Page, site: Site, provider: Scripted
) -> None:
    provider.will_say("Here.")
    send(page, "Open me")
    expect(page.locator(".reply--complete")).to_be_visible()
    opened = page.url
    page.goto(site.url)
    page.route(opened, lambda route: route.fulfill(status=502, body="A router's page"), times=1)

    page.get_by_role("link", name="Open me").click()
    expect(page.locator("#offline")).not_to_be_empty()
    assert page.url == f"{site.url}/"
    page.evaluate("address => fetch(`${address}/deletion`, { method: 'POST' })", opened)
    page.get_by_role("link", name="Open me").click()

    expect(page.locator("#problem .problem")).to_be_visible()
    assert page.url == f"{site.url}/"


def test_a_row_of_the_list_has_a_menu_that_stays_open_while_the_list_changes(page: Page, provider: Scripted) -> None:
    gate, menu = Gate(), page.locator("#menu")
    for name in ("Keep", "Rename me"):
        provider.will_say(f"To {name}.", *([gate] if name == "Keep" else []))
        page.get_by_role("link", name="New chat").click()
        expect(page.locator(".welcome")).to_be_visible()
        send(page, name)
        expect(page.locator(".reply")).to_contain_text(f"To {name}.")
    page.get_by_role("link", name="Keep").click()
    expect(page.locator(".message__text")).to_have_text("Keep")
    row = page.get_by_role("button", name="Options for Rename me")

    row.focus()
    page.keyboard.press("Enter")
    expect(menu.get_by_label("Chat title")).to_be_focused()
    gate.open()
    expect(page.locator(".list__answering")).to_have_count(0)
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(row).to_be_focused()
    page.keyboard.press("Enter")
    expect(menu.get_by_label("Chat title")).to_be_focused()
    page.keyboard.type("Renamed")
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="Options for Renamed")).to_be_focused()
    expect(menu).to_be_hidden()
    expect(page).to_have_title("Keep · Rivulet")
    page.keyboard.press("Enter")
    page.get_by_text("Delete chat…").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator(".list")).not_to_contain_text("Renamed")
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator(".message__text")).to_have_text("Keep")


def test_on_a_phone_the_list_is_a_drawer_and_nothing_is_wider_than_the_screen(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    provider.will_say(
        "A long line: " + "x" * 300 + "\n\n```\n" + "y" * 300 + "\n```\n\n" + "|a" * 40 + "|\n" + "|-" * 40 + "|\n"
    )
    page = visit(site.url, viewport={"width": 360, "height": 640}, has_touch=True)
    send(page, "Something wide")
    expect(page.locator(".reply--complete")).to_contain_text("A long line")
    sidebar = page.locator("#sidebar")
    expect(sidebar).to_be_hidden()

    page.get_by_role("button", name="Chats").click()
    expect(sidebar).to_be_visible()
    expect(sidebar.get_by_role("link", name="Something wide")).to_be_visible()
    page.keyboard.press("Escape")

    expect(sidebar).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    page.get_by_role("link", name="New chat").click()
    expect(page.locator(".welcome")).to_be_visible()


def test_answers_are_marked_until_they_are_seen(page: Page, provider: Scripted) -> None:
    gates = [Gate(), Gate()]
    for name, gate in zip(("First", "Second"), gates, strict=True):
        provider.will_say(f"{name} ", gate, "answer")
        page.get_by_role("link", name="New chat").click()
        expect(page.locator(".welcome")).to_be_visible()
        expect(page.locator("#text")).to_be_focused()
        send(page, name)
        expect(page.locator(".reply")).to_contain_text(name)
    expect(page).to_have_title("… Second · Rivulet")
    page.get_by_role("link", name="First").click()
    expect(page).to_have_title("… First · Rivulet")
    expect(page.locator(".list__answering")).to_have_count(2)

    gates[1].open()
    expect(page.locator(".list__unread")).to_have_count(1)
    expect(page).to_have_title("… First · Rivulet")
    gates[0].open()
    expect(page.locator(".reply--complete")).to_contain_text("First answer")
    expect(page).to_have_title("(1) First · Rivulet")
    page.get_by_role("link", name="Second").click()

    expect(page.locator(".reply--complete")).to_contain_text("Second answer")
    expect(page).to_have_title("Second · Rivulet")
    page.get_by_role("link", name="New chat").click()
    expect(page.locator(".welcome")).to_be_visible()
    expect(page.locator(".list__unread")).to_have_count(0)


def test_a_server_that_is_killed_and_comes_back_goes_on_with_the_answer(
    visit: Callable[..., Page], tmp_path: Path
) -> None:
    gate = Gate()
    with upstream() as model, gunicorn(tmp_path, model) as server:
        rest = Gate()
        model.will_say("Before it fell, ", gate)
        model.will_say("and after", rest, ".")
        page = visit(server.url)
        send(page, "Hold on")
        expect(page.locator(".reply")).to_contain_text("Before it fell,")

        server.kill()
        server.start()

        expect(page.locator(".reply[aria-busy]")).to_contain_text("Before it fell, and after")
        expect(page.locator(".reply__resumed")).to_be_visible()
        rest.open()
        expect(page.locator(".reply--complete")).to_contain_text("Before it fell, and after.")
        expect(page.locator(".reply__resumed")).to_be_visible()
        gate.open()


def test_another_conversation_comes_without_loading_the_page_anew(page: Page, site: Site, provider: Scripted) -> None:
    for text in ("First?", "Second?"):
        provider.will_say(f"To {text}")
        page.goto(site.url)
        send(page, text)
        expect(page.locator(".reply--complete")).to_be_visible()
    page.evaluate("window.stayed = true")

    page.get_by_role("link", name="First?").click()

    expect(page.locator(".message__text")).to_have_text("First?")
    expect(page.get_by_role("link", name="First?")).to_have_attribute("aria-current", "page")
    expect(page).to_have_title(re.compile(r"First\? · Rivulet$"))
    assert page.evaluate("window.stayed")
    page.go_back()
    expect(page.locator(".message__text")).to_have_text("Second?")
    page.go_forward()
    expect(page.locator(".message__text")).to_have_text("First?")
    page.get_by_role("link", name="New chat").click()
    expect(page.locator(".welcome")).to_be_visible()
    expect(page).to_have_url(f"{site.url}/")


def test_a_page_that_moves_on_leaves_no_stream_behind(page: Page, site: Site, provider: Scripted) -> None:
    gates = [Gate(), Gate()]
    for gate, text in zip(gates, ("First?", "Second?"), strict=True):
        provider.will_say(f"To {text}", gate)
        page.goto(site.url)
        send(page, text)
        expect(page.locator(".reply")).to_contain_text(f"To {text}")
    streams = site.app.extensions["rivulet"].streams

    for text in ("First?", "Second?") * 4:
        page.get_by_role("link", name=text).click()
        expect(page.locator(".reply")).to_contain_text(f"To {text}")

    for gate in gates:
        gate.open()
    expect(page.locator(".reply--complete")).to_be_visible()
    eventually(lambda: streams.count == 0)


def test_on_a_phone_the_drawer_closes_when_another_conversation_is_chosen(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    page = visit(site.url, viewport={"width": 390, "height": 800})
    provider.will_say("To First?")
    send(page, "First?")
    expect(page.locator(".reply--complete")).to_be_visible()
    page.goto(site.url)

    page.get_by_role("button", name="Chats").click()
    page.get_by_role("link", name="First?").click()

    expect(page.locator(".message__text")).to_have_text("First?")
    expect(page.locator("#sidebar")).to_be_hidden()
