"""Test sending: keys and clicks, one turn for each message, and an unsent text that stays in the box."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site, send
from tests.scripted import Gate, Scripted


def test_enter_sends_and_shift_enter_breaks_the_line(page: Page, provider: Scripted) -> None:
    provider.will_say("Good.")

    page.locator("#text").press_sequentially("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")

    expect(page.locator(".reply--complete")).to_contain_text("Good.")
    assert provider.calls[0].messages[-1]["content"] == "one\ntwo"


def test_after_sending_the_box_is_empty_and_ready(page: Page, provider: Scripted) -> None:
    for number in range(2):
        provider.will_say(f"Answer {number}.")
        expect(page.locator("#text")).to_be_focused()
        page.keyboard.type(f"Question {number}")
        page.keyboard.press("Enter")
        expect(page.locator(".reply--complete")).to_have_count(number + 1)
        expect(page.locator("#text")).to_have_value("")

    expect(page.locator("#text")).to_be_focused()


def test_a_newcomers_double_click_is_one_turn(page: Page, provider: Scripted) -> None:
    provider.will_say("Once.")
    page.locator("#text").fill("Only once, please")

    page.get_by_role("button", name="Send").dblclick()

    expect(page.locator(".reply--complete")).to_contain_text("Once.")
    expect(page.locator(".message")).to_have_count(1)
    assert len(provider.calls) == 1


def test_without_javascript_a_double_click_is_one_turn(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    provider.will_say("Once.")
    page = visit(site.url, java_script_enabled=False)
    page.locator("#text").fill("Only once, please")

    page.get_by_role("button", name="Send").dblclick(no_wait_after=True)

    expect(page.locator(".message")).to_have_count(1)
    page.reload()  # Chromium sometimes doesn't refresh a page by itself after the second of two clicks
    expect(page.locator(".reply--complete")).to_contain_text("Once.")
    assert len(provider.calls) == 1


def test_an_example_is_sent_by_its_button(page: Page, provider: Scripted) -> None:
    provider.will_say("A river, running late.")

    page.get_by_role("button", name="Write a limerick").click()

    expect(page.locator(".reply--complete")).to_contain_text("A river, running late.")
    assert provider.calls[0].messages[-1]["content"].startswith("Write a limerick")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("  \n ", "Write a message first"),
        ("x" * 100_001, "100,001 characters"),
        ("😀" * 90_000, "1 MB"),
    ],
)
def test_what_is_refused_stays_in_the_box(page: Page, provider: Scripted, text: str, sentence: str) -> None:
    page.locator("#text").evaluate("(box, text) => { box.value = text }", text)  # typing this much takes Chromium long

    page.get_by_role("button", name="Send").click()

    expect(page.locator("#problem")).to_contain_text(sentence)
    assert page.locator("#text").input_value() == text and provider.calls == []


@pytest.mark.parametrize("scripts", [True, False], ids=["javascript", "none"])
def test_what_a_limit_refuses_stays_in_the_box_and_is_sent_later(
    visit: Callable[..., Page], tmp_path: Path, scripts: bool
) -> None:
    site, gate = Site(tmp_path, MAX_CONCURRENT_ANSWERS="1"), Gate()
    site.provider.will_say("Slowly ", gate, "done.")
    site.provider.will_say("Here.")
    page = visit(site.url, java_script_enabled=scripts)
    send(page, "First")
    gate.wait_until_reached()
    other = page.context.new_page()
    other.goto(site.url)

    send(other, "Keep me")
    expect(other.locator(".problem, .sheet h1")).to_contain_text("You already have an answer in progress")
    expect(other.locator("#text")).to_have_value("Keep me")
    gate.open()
    expect(page.locator(".reply--complete")).to_be_visible()
    other.get_by_role("button", name="Send").click()

    expect(other.locator(".reply--complete")).to_contain_text("Here.")
    expect(other.locator(".message")).to_contain_text("Keep me")
    site.close()


def test_a_text_for_no_model_stays_in_the_box(page: Page, provider: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "working", False)
    page.locator("#text").fill("Keep me")

    page.get_by_role("button", name="Send").click()

    expect(page.locator("#problem")).to_contain_text("Connect a model")
    expect(page.locator("#text")).to_have_value("Keep me")


def test_a_text_for_a_server_that_is_gone_stays_in_the_box_and_is_sent_later(
    visit: Callable[..., Page], tmp_path: Path
) -> None:
    site = Site(tmp_path)
    page = visit(site.url)
    page.locator("#text").fill("Keep me")
    page.context.set_offline(True)

    page.get_by_role("button", name="Send").click()
    expect(page.locator("#problem")).to_contain_text("Can't reach the server")
    expect(page.locator("#text")).to_have_value("Keep me")
    page.context.set_offline(False)
    page.get_by_role("button", name="Send").click()

    expect(page.locator(".reply--complete")).to_be_visible()
    expect(page.locator(".message")).to_contain_text("Keep me")
    site.close()


def test_a_message_written_while_an_answer_runs_is_sent_at_its_end(page: Page, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("Slowly ", gate, "done.")
    provider.will_say("Quickly done.")
    send(page, "First")
    expect(page.locator(".reply")).to_contain_text("Slowly")

    page.locator("#text").fill("Second")
    page.keyboard.press("Enter")
    expect(page.locator(".queued__text")).to_have_text("Second")
    expect(page.locator("#text")).to_have_value("")
    gate.open()

    expect(page.locator(".reply--complete")).to_contain_text(["Slowly done.", "Quickly done."])
    expect(page.locator(".message")).to_contain_text(["First", "Second"])
    expect(page.locator("#queued")).to_have_text("")


def test_the_second_click_of_a_double_click_on_send_does_not_stop_the_answer(page: Page, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("Slowly ", gate, "done.")
    send(page, "First")
    expect(page.locator(".reply")).to_contain_text("Slowly")
    page.locator("#text").fill("Second")

    page.get_by_role("button", name="Send").dblclick()
    expect(page.locator(".queued__text")).to_have_text("Second")
    gate.open()

    expect(page.locator(".reply--complete").first).to_contain_text("Slowly done.")


def test_a_double_click_takes_the_message_back_once(page: Page, provider: Scripted) -> None:
    provider.will_say("Slowly ", Gate())
    send(page, "First")
    expect(page.locator(".reply")).to_contain_text("Slowly")
    send(page, "Second")

    page.get_by_role("button", name="Take back").dblclick()

    expect(page.locator("#text")).to_have_value("Second")
    expect(page.locator("#queued, #problem")).to_have_text(["", ""])


def test_stop_keeps_the_message_that_waits_and_it_can_be_taken_back(page: Page, provider: Scripted) -> None:
    provider.will_say("Slowly ", Gate())
    send(page, "First")
    expect(page.locator(".reply")).to_contain_text("Slowly")
    page.locator("#text").fill("Second")
    page.keyboard.press("Enter")
    expect(page.locator(".queued__text")).to_have_text("Second")

    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#queued")).to_contain_text("Not sent")
    page.locator("#text").fill("And more")
    page.get_by_role("button", name="Take back").click()

    expect(page.locator("#queued")).to_have_text("")
    expect(page.locator("#text")).to_have_value("Second\n\nAnd more")
    expect(page.locator("#text")).to_be_focused()


def test_what_is_typed_while_a_send_is_under_way_is_kept(page: Page, provider: Scripted) -> None:
    gate, held = Gate(), []
    provider.will_say("Well.", gate)
    page.route("**/conversations", lambda route: held.append(route))
    page.locator("#text").fill("First")
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value("")

    page.keyboard.type("Sec")
    held[0].continue_()
    expect(page.locator(".reply")).to_contain_text("Well.")
    page.keyboard.type("ond")
    gate.open()

    expect(page.locator(".reply--complete")).to_be_visible()
    expect(page.locator("#text")).to_have_value("Second")
    expect(page.locator(".message__text")).to_have_text("First")


@pytest.mark.parametrize("status", [502, 503])
def test_a_routers_own_page_is_not_shown_as_ours(page: Page, provider: Scripted, status: int) -> None:
    router = "<!doctype html><html><body><h1>Application error</h1></body></html>"
    page.route(
        "**/conversations", lambda route: route.fulfill(status=status, body=router, content_type="text/html"), times=1
    )
    provider.will_say("Here.")
    page.locator("#text").fill("Keep me")
    page.keyboard.press("Enter")

    expect(page.locator("#problem")).to_contain_text("Can't reach the server")
    expect(page.locator("body")).not_to_contain_text("Application error")
    expect(page.locator("#text")).to_have_value("Keep me")
    page.keyboard.press("Enter")

    expect(page.locator(".reply--complete")).to_contain_text("Here.")
