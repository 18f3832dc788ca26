"""Test an answer's details in a real browser: facts on request, folded reasoning, the model's name."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site, send
from tests.scripted import Gate, Scripted, Thought


@pytest.mark.parametrize("javascript", [True, False])
def test_an_answer_tells_its_facts_on_request(
    visit: Callable[..., Page], site: Site, provider: Scripted, javascript: bool
) -> None:
    provider.will_say("Hi.")
    page = visit(site.url, java_script_enabled=javascript)
    send(page, "Hello?")
    facts = page.locator(".reply--complete .facts")
    expect(facts.locator("dl")).to_be_hidden()

    facts.locator("summary").click()

    expect(facts.locator("dl")).to_be_visible()
    for fact in ("small (scripted)", "7 read, 11 written", "First word", "Whole answer"):
        expect(facts).to_contain_text(fact)
    expect(facts.locator("time")).to_have_attribute("datetime", re.compile(r"^\d{4}-\d\d-\d\dT.*Z$"))


def test_thinking_is_told_with_its_seconds_until_the_first_word(page: Page, provider: Scripted) -> None:
    thinking, speaking = Gate(), Gate()
    provider.will_say(Thought("Let me see."), thinking, "It is", speaking, " so.")
    send(page, "Is it so?")

    expect(page.locator(".reply__notice")).to_have_text(re.compile(r"^Thinking… \d+ s$"))
    thinking.open()
    expect(page.locator(".reply")).to_contain_text("It is")
    expect(page.locator(".reply__notice")).to_be_hidden()
    speaking.open()

    expect(page.locator(".reply--complete .reasoning summary")).to_have_text(re.compile(r"^Thought for [\d.]+ s$"))


@pytest.mark.parametrize("javascript", [True, False])
def test_what_was_thought_is_folded_away_and_can_be_read(
    visit: Callable[..., Page], site: Site, provider: Scripted, javascript: bool
) -> None:
    provider.will_say(Thought("They *greet* me. <script>"), "Hi.")
    page = visit(site.url, java_script_enabled=javascript)
    send(page, "Hello?")
    expect(page.locator(".reply--complete")).to_contain_text("Hi.")
    expect(page.locator("body")).not_to_contain_text("They greet me.")

    page.locator(".reasoning summary").click()
    if not javascript:
        page.get_by_role("link", name="Read what it thought").click()

    expect(page.locator(".reasoning__text")).to_contain_text("They greet me. <script>")
    expect(page.locator(".reasoning__text em")).to_have_text("greet")
    if not javascript:
        page.get_by_role("link", name="Back to the answer").click()
        expect(page.locator(".reply--complete")).to_contain_text("Hi.")


def test_answers_are_named_where_the_models_differ(page: Page, provider: Scripted) -> None:
    provider.will_say("One.")
    provider.will_say("Two.")
    send(page, "One?")
    expect(page.locator(".reply--complete")).to_have_count(1)
    expect(page.locator(".reply__speaker")).to_have_count(0)

    page.locator("#model").select_option("Large")
    send(page, "Two?")
    expect(page.locator(".reply--complete")).to_have_count(2)
    expect(page.locator(".reply__speaker")).to_have_text(["Large"])
    page.reload()

    expect(page.locator(".reply__speaker")).to_have_text(["Small", "Large"])


@pytest.mark.parametrize("javascript", [True, False])
def test_a_conversation_is_renamed(
    visit: Callable[..., Page], site: Site, provider: Scripted, javascript: bool
) -> None:
    page = visit(site.url, java_script_enabled=javascript)
    send(page, "Hello?")
    expect(page.locator(".reply--complete")).to_be_visible()

    page.get_by_label("Rename, save or delete").click()
    page.get_by_label("Title of this conversation").fill("The river")
    page.get_by_role("button", name="Rename", exact=True).click()

    expect(page.get_by_role("link", name="The river")).to_be_attached()
    expect(page.get_by_role("heading", name="The river")).to_be_visible()
    expect(page).to_have_title("The river · Rivulet")
    if javascript:
        expect(page.get_by_label("Rename, save or delete")).to_be_focused()


@pytest.mark.parametrize(
    ("locale", "yesterday"), [("en-GB", "Yesterday"), ("de-DE", "Gestern"), ("zh-CN", "\u6628\u5929")]
)
def test_after_midnight_an_open_page_tells_the_hour_of_an_answer_as_yesterdays(
    visit: Callable[..., Page], site: Site, provider: Scripted, locale: str, yesterday: str
) -> None:
    provider.will_say("Hi.")
    page = visit(site.url, locale=locale, timezone_id="Asia/Tokyo")
    page.clock.install()
    page.reload()
    send(page, "Hello?")
    written = page.locator(".reply--complete time")
    expect(written).to_have_text(re.compile(r"^\d+:\d\d$"))

    page.clock.fast_forward("24:00:00")
    expect(written).to_have_text(re.compile(rf"^{yesterday} \d+:\d\d$"))
    page.clock.fast_forward("24:00:00")
    expect(written).to_have_text(re.compile(r"20\d\d.+ \d+:\d\d$"))
