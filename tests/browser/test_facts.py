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
    for fact in ("small (scripted)", "7 in, 11 out", "Time to first word", "Total time"):
        expect(facts).to_contain_text(fact)
    expect(facts.locator("time")).to_have_attribute("datetime", re.compile(r"^\d{4}-\d\d-\d\dT.*Z$"))


def test_reasoning_is_shown_while_the_model_thinks_and_folds_when_it_answers(page: Page, provider: Scripted) -> None:
    more, thinking, speaking = Gate(), Gate(), Gate()
    long = [Thought(f"\nLine {number} of *many*.") for number in range(60)]
    provider.will_say(Thought("Let me see."), more, *long, thinking, "It is", speaking, " so.")
    send(page, "Is it so?")

    fold = page.locator(".reply").locator("details").first
    expect(fold.locator("summary")).to_have_text(re.compile(r"^Thinking… \d+ s$"))
    expect(page.get_by_text("Let me see.")).to_be_visible()
    more.open()
    expect(page.locator(".thoughts")).to_have_text("\n".join(["Let me see.", *(thought[1:] for thought in long)]))
    expect(page.get_by_text("Line 59 of *many*.")).to_be_in_viewport()
    assert fold.evaluate("element => element.clientHeight < innerHeight / 2")
    thinking.open()
    expect(page.locator(".reply__body", has_text="It is")).to_be_visible()
    expect(fold.locator("summary")).to_have_text(re.compile(r"^Thought for \d+ seconds?$"))
    expect(page.locator(".thoughts")).to_be_hidden()
    fold.locator("summary").click()
    expect(fold.locator("em").last).to_have_text("many")
    speaking.open()

    expect(page.locator(".reply--complete .reasoning[open]")).to_contain_text("Line 59 of many.")
    expect(fold.locator("summary")).to_be_in_viewport()


def test_a_continued_answer_with_reasoning_grows_below_its_fold(page: Page, provider: Scripted) -> None:
    provider.will_say(Thought("Let me see."), "Use:\n\n```python\nx = 1\n", Gate())
    send(page, "How?")
    expect(page.locator(".reply__body").last).to_contain_text("x = 1")
    page.get_by_role("button", name="Stop").click()
    going, ending = Gate(), Gate()
    provider.will_say("y = 2\n", going, "```\n\nDone.", ending)

    page.get_by_role("button", name="Continue").click()
    growing = page.locator(".reply[aria-busy] > .reply__body")
    expect(growing).to_contain_text("y = 2")
    going.open()
    expect(growing).to_contain_text("Done.")
    ending.open()

    expect(page.locator(".reply--complete > .reply__body")).to_contain_text("Done.")
    expect(page.locator(".messages > article")).to_have_count(2)


@pytest.mark.parametrize("javascript", [True, False])
def test_what_was_thought_is_folded_away_and_can_be_read(
    visit: Callable[..., Page], site: Site, provider: Scripted, javascript: bool
) -> None:
    provider.will_say(Thought("They *greet* me. <script>"), "Hi.")
    page = visit(site.url, java_script_enabled=javascript)
    send(page, "Hello?")
    expect(page.locator(".reply--complete")).to_contain_text("Hi.")
    expect(page.locator("body")).not_to_contain_text("They greet me.")

    page.locator(".reply--complete .reasoning summary").click()
    if not javascript:
        page.locator(".reply--complete").get_by_role("link", name="Show reasoning").click()

    expect(page.locator(".reasoning__text").last).to_contain_text("They greet me. <script>")
    expect(page.locator(".reasoning__text em")).to_have_text("greet")
    if not javascript:
        page.get_by_role("link", name="Back to the answer").click()
        expect(page.locator(".reply--complete")).to_contain_text("Hi.")


def test_answers_are_named_where_the_models_differ(page: Page, provider: Scripted) -> None:
    provider.will_say("One.")
    provider.will_say("Two.")
    send(page, "One?")
    expect(page.locator(".reply--complete")).to_have_count(1)
    expect(page.locator(".reply__speaker")).to_have_css("width", "1px")

    page.locator("#model").select_option("Large")
    send(page, "Two?")
    expect(page.locator(".reply--complete")).to_have_count(2)

    expect(page.locator(".reply__speaker")).to_have_text(["Small", "Large"])
    expect(page.locator(".reply__speaker").first).not_to_have_css("width", "1px")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_conversation_is_renamed(
    visit: Callable[..., Page], site: Site, provider: Scripted, javascript: bool
) -> None:
    page = visit(site.url, java_script_enabled=javascript)
    send(page, "Hello?")
    expect(page.locator(".reply--complete")).to_be_visible()

    page.get_by_label("Chat options").click()
    page.get_by_label("Chat title").fill("The river")
    page.get_by_role("button", name="Rename", exact=True).click()

    expect(page.get_by_role("link", name="The river")).to_be_attached()
    expect(page.get_by_role("heading", name="The river")).to_be_visible()
    expect(page).to_have_title("The river · Rivulet")
    if javascript:
        expect(page.get_by_label("Chat options")).to_be_focused()
