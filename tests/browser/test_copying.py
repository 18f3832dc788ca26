"""Test copying an answer or its code and saving a conversation; without script, no button is dead."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site, send
from tests.scripted import Gate, Scripted

ANSWER = "Some *words*:\n\n```python\nprint('<b>')\n\nprint(2)\n```\n\nThe end."
CODE = "print('<b>')\n\nprint(2)"


@pytest.fixture
def answered(page: Page, provider: Scripted) -> Page:
    """A page with an answer and access to the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    provider.will_say(ANSWER)
    send(page, "Show me")
    expect(page.locator(".reply--complete")).to_contain_text("The end.")
    return page


def clipboard(page: Page) -> str:
    """Read the clipboard."""
    return page.evaluate("navigator.clipboard.readText()")


def pasted(page: Page) -> str:
    """Paste the clipboard into the composer, for pages that can't read it."""
    page.locator("#text").focus()
    page.keyboard.press("Control+V")
    return page.locator("#text").input_value()


def test_an_answer_is_copied_as_markdown(answered: Page) -> None:
    button = answered.locator(".actions .copy")
    button.click()

    expect(button).to_have_text("Copied")
    expect(answered.locator("#announcement")).to_have_text("Copied")
    assert clipboard(answered) == ANSWER + "\n"
    expect(button).to_have_text("Copy")
    expect(answered.locator("#announcement")).to_have_text("")


def test_code_is_copied_as_it_is(answered: Page) -> None:
    button = answered.locator(".code .copy")
    button.focus()
    answered.keyboard.press("Enter")

    expect(button).to_have_text("Copied")
    assert clipboard(answered) == CODE
    answered.reload()
    expect(answered.locator(".code .copy")).to_have_count(1)


def test_long_lines_of_code_wrap_on_request_and_on_later_pages_too(page: Page, provider: Scripted) -> None:
    provider.will_say("```\n" + "word " * 200 + "\n```\n\nand\n\n```\n" + "word " * 200 + "\n```")
    send(page, "Show me")
    expect(page.locator(".reply--complete")).to_be_visible()
    wrap, scrolls = page.get_by_role("button", name="Wrap lines"), "all => all.map(e => e.scrollWidth > e.clientWidth)"
    assert page.locator("pre").evaluate_all(scrolls) == [True, True]

    wrap.first.click()
    expect(wrap.first).to_have_attribute("aria-pressed", "true")
    assert page.locator("pre").evaluate_all(scrolls) == [False, True]
    page.reload()
    assert page.locator("pre").evaluate_all(scrolls) == [False, False]
    wrap.first.click()

    assert page.locator("pre").evaluate_all(scrolls) == [True, False]


def test_code_can_be_copied_while_the_answer_goes_on(page: Page, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("```\nls\n```\n\n", "And then ", gate, "more.")

    send(page, "How?")

    expect(page.locator(".reply[aria-busy] .code .copy")).to_have_count(1)
    gate.open()
    expect(page.locator(".reply--complete .code .copy")).to_have_count(1)


@pytest.mark.parametrize(("button", "text"), [(".actions .copy", ANSWER + "\n"), (".code .copy", CODE)])
def test_it_is_copied_over_plain_http_too(answered: Page, button: str, text: str) -> None:
    answered.context.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    answered.reload()

    answered.locator(button).click()
    expect(answered.locator(button)).to_have_text("Copied")

    assert pasted(answered) == text


def test_what_could_not_be_copied_is_said(answered: Page) -> None:
    answered.context.set_offline(True)

    answered.locator(".actions .copy").click()

    expect(answered.locator(".actions .copy")).to_have_text("Couldn't copy")
    expect(answered.locator("#announcement")).to_have_text("Couldn't copy")


def test_a_conversation_is_saved_under_its_title(answered: Page) -> None:
    answered.get_by_label("Chat options").click()

    with answered.expect_download() as saved:
        answered.get_by_role("link", name="Markdown").click()

    assert saved.value.suggested_filename == "Show me.md"
    assert ANSWER in saved.value.path().read_text()


def test_without_javascript_copy_leads_to_the_markdown_and_nothing_is_dead(
    visit: Callable[..., Page], site: Site, provider: Scripted
) -> None:
    provider.will_say(ANSWER)
    page = visit(site.url, java_script_enabled=False)
    send(page, "Show me")
    expect(page.locator(".reply--complete")).to_contain_text("The end.")

    for dead in (".code button", ".jump", ".sidebar__keys", "#offline"):
        expect(page.locator(dead).locator("visible=true")).to_have_count(0)
    page.locator(".finished .copy").click()

    expect(page.locator("body")).to_contain_text("```python")


def test_an_error_reference_is_copied_and_without_script_has_no_button(
    visit: Callable[..., Page], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.routes.pages.visit", lambda: 1 / 0)
    page, plain = visit(site.url), visit(site.url, java_script_enabled=False)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy error reference").click()

    expect(page.locator(".reference .copy")).to_have_text("Copied")
    assert clipboard(page) == page.locator(".reference code").inner_text()
    expect(plain.locator(".reference code")).to_be_visible()
    expect(plain.get_by_role("button")).to_have_count(0)
