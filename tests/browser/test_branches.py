"""Test branches in a real browser: edit, versions, other models, continue; with mouse, keys, and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from chat.providers.errors import Unavailable
from tests.browser.site import Site, send
from tests.scripted import Scripted


def ask(page: Page, provider: Scripted, text: str, answer: str) -> None:
    """Send a message and wait for the end of its answer."""
    before = page.locator(".reply--complete").count()
    provider.will_say(answer)
    send(page, text)
    expect(page.locator(".reply--complete")).to_have_count(before + 1)


def edit(page: Page, text: str, number: int = -1) -> None:
    """Open a message, by default the last one, change it and send it again."""
    page.locator(".edit summary").nth(number).click()
    box = page.locator(".edit[open] textarea")
    box.fill(text)
    if box.input_value() != text:  # the page has moved the cursor to the end meanwhile
        box.fill(text)
    page.locator(".edit[open]").get_by_role("button", name="Send").click(no_wait_after=True)


@pytest.mark.parametrize("javascript", [True, False])
def test_an_edited_message_is_answered_anew_and_both_versions_are_kept(
    visit: Callable[..., Page], site: Site, provider: Scripted, javascript: bool
) -> None:
    page = visit(site.url, java_script_enabled=javascript)
    ask(page, provider, "The first question", "One.")
    provider.will_say("Two.")

    edit(page, "The second question")

    expect(page.locator(".reply--complete")).to_contain_text("Two.")
    expect(page.locator(".message__text")).to_have_text("The second question")
    expect(page.locator(".versions")).to_contain_text("2/2")
    page.get_by_role("button", name="Show version 1 of 2").first.click()
    expect(page.locator(".message__text")).to_have_text("The first question")
    expect(page.locator(".reply--complete")).to_contain_text("One.")
    page.reload()
    expect(page.locator(".reply--complete")).to_contain_text("One.")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_whole_answer_is_retried_with_another_model(
    visit: Callable[..., Page], site: Site, provider: Scripted, javascript: bool
) -> None:
    page = visit(site.url, java_script_enabled=javascript)
    ask(page, provider, "Hello?", "From the small one.")
    provider.will_say("From the large one.")

    page.get_by_role("button", name="Retry with another model").click()
    page.get_by_role("button", name="Large").click()

    expect(page.locator(".reply--complete")).to_contain_text("From the large one.")
    expect(page.locator(".versions")).to_contain_text("2/2")
    assert [call.model for call in provider.calls] == ["small", "large"]


def test_an_earlier_answer_is_retried_with_another_model(page: Page, provider: Scripted) -> None:
    ask(page, provider, "One?", "One.")
    ask(page, provider, "Two?", "Two.")
    page.reload()
    provider.will_say("Uno.")

    page.locator(".reply").first.hover()
    page.get_by_role("button", name="Retry with another model").first.click()
    page.get_by_role("button", name="Large").click()

    expect(page.locator(".reply--complete")).to_have_count(1)
    expect(page.locator(".reply--complete")).to_contain_text("Uno.")
    assert provider.calls[2].model == "large" and len(provider.calls[2].messages) == 1


@pytest.mark.parametrize("javascript", [True, False])
def test_an_answer_that_broke_off_goes_on_in_its_place(
    visit: Callable[..., Page], site: Site, provider: Scripted, javascript: bool
) -> None:
    provider.will_say("The capital ", Unavailable("The model can't be reached."))
    provider.will_say("is Paris.")
    page = visit(site.url, java_script_enabled=javascript)
    send(page, "Tell me")
    expect(page.locator(".reply--interrupted")).to_be_visible()

    page.get_by_role("button", name="Continue").click()

    expect(page.locator(".reply--complete")).to_contain_text("The capital is Paris.")
    expect(page.locator(".reply")).to_have_count(1)


PLACES = "all => all.map(one => one.getBoundingClientRect().toJSON())"


def test_versions_and_editing_are_reached_by_keys(page: Page, provider: Scripted) -> None:
    ask(page, provider, "One?", "One.")
    summary, box = page.locator(".edit summary"), page.locator(".edit textarea")
    page.keyboard.press("Shift+Tab")  # the answer's details
    page.keyboard.press("Shift+Tab")  # the models to retry with
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Retry answer")).to_be_focused()
    page.keyboard.press("Shift+Tab")  # the Copy button
    page.keyboard.press("Shift+Tab")
    expect(summary).to_be_focused()
    assert page.locator(".edit").evaluate("edit => getComputedStyle(edit.parentElement).opacity") == "1"

    page.keyboard.press("Enter")
    expect(box).to_be_focused()
    cancel, send = page.locator(".edit summary, .edit button").evaluate_all(PLACES)
    assert cancel["bottom"] == send["bottom"] and cancel["right"] < send["left"]
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(summary).to_be_focused()
    provider.will_say("Two.")
    page.keyboard.press("Enter")
    expect(box).to_be_focused()
    page.keyboard.type(" And?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".reply--complete")).to_contain_text("Two.")
    page.get_by_role("button", name="Show version 1 of 2").last.focus()
    page.keyboard.press("Enter")

    expect(page.locator(".reply--complete")).to_contain_text("One.")
    expect(page.get_by_role("button", name="Show version 2 of 2").last).to_be_focused()
    assert provider.calls[1].messages[-1]["content"] == "One? And?"


def test_what_is_in_the_box_stays_when_another_version_is_shown(page: Page, provider: Scripted) -> None:
    ask(page, provider, "One?", "One.")
    provider.will_say("Two.")
    edit(page, "Two?")
    expect(page.locator(".reply--complete")).to_contain_text("Two.")
    page.locator("#text").fill("Half a thought")

    page.get_by_role("button", name="Show version 1 of 2").first.click()

    expect(page.locator(".reply--complete")).to_contain_text("One.")
    expect(page.locator("#text")).to_have_value("Half a thought")


def test_an_edit_in_a_long_conversation_brings_its_answer_into_view(page: Page, provider: Scripted) -> None:
    ask(page, provider, "One?", "A long line. \n\n" * 80)
    page.evaluate("scrollTo(0, 0)")
    provider.will_say("Another long line. \n\n" * 80 + "The end.")

    edit(page, "Two?")

    expect(page.get_by_text("The end.")).to_be_in_viewport()


def test_two_tabs_that_send_at_once_are_both_answered(page: Page, provider: Scripted) -> None:
    ask(page, provider, "One?", "One.")
    other = page.context.new_page()
    other.goto(page.url)
    provider.will_say("Left.")
    provider.will_say("Right.")

    send(page, "Left?")
    expect(page.locator(".reply--complete").last).to_contain_text("Left.")
    send(other, "Right?")

    expect(other.locator(".reply--complete").last).to_contain_text("Right.")
    expect(other.locator(".message__text")).to_have_text(["One?", "Right?"])
    expect(other.locator(".versions")).to_contain_text("2/2")
    page.reload()
    expect(page.locator(".message__text")).to_have_text(["One?", "Right?"])


def test_on_a_phone_every_action_is_there_and_large_enough(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    page = visit(site.url, viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    ask(page, provider, "One?", "One.")
    provider.will_say("Two.")
    edit(page, "Two?")
    expect(page.locator(".reply--complete")).to_contain_text("Two.")

    sizes = page.locator(".actions :is(button, summary, select):visible").evaluate_all(
        "all => all.map(one => [one.offsetHeight, getComputedStyle(one.closest('.actions > *')).opacity])"
    )

    assert len(sizes) == 6 and all(height >= 44 and opacity == "1" for height, opacity in sizes)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
