"""Finished answers: what models write, in which language, and what people ask."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.site import Site, send
from tests.browser.states import texts
from tests.browser.states.state import State, open_page
from tests.scripted import Step, Thought


def ask(page: Page, site: Site, text: str, *script: Step, outcome: str = "stop") -> None:
    """Begin a chat with a message."""
    site.provider.will_say(*script, finish_reason=outcome)
    open_page(page, site)
    send(page, text)


def go_on(page: Page, site: Site, text: str, *script: Step) -> None:
    """Send one more message."""
    site.provider.will_say(*script)
    send(page, text)


def answered(page: Page, site: Site, text: str = "Tell me about rivers", answer: str = texts.RICH) -> None:
    """Show an answer, by default one with everything that Markdown can do."""
    ask(page, site, text, answer)
    expect(page.locator(".reply--complete")).to_be_visible()


def technical(page: Page, site: Site) -> None:
    answered(page, site, "How do I build a bounded queue for two threads?", texts.TECHNICAL)


def arabic(page: Page, site: Site) -> None:
    answered(page, site, texts.ARABIC_QUESTION, texts.ARABIC)


def chinese(page: Page, site: Site) -> None:
    answered(page, site, texts.CHINESE_QUESTION, texts.CHINESE)


def several(page: Page, site: Site) -> None:
    """Show a chat of three short turns."""
    answered(page, site, "Why do rivers bend?", "Because water is faster on the outside of a bend.")
    for number, (question, answer) in enumerate(
        [("And what is an oxbow lake?", "A bend that was cut off."), ("Thanks!", "You're welcome.")], 2
    ):
        go_on(page, site, question, answer)
        expect(page.locator(".reply--complete")).to_have_count(number)


def of_two_models(page: Page, site: Site) -> None:
    """Ask one model, then another."""
    answered(page, site, "Why do rivers bend?", "Because water is faster on the outside of a bend.")
    page.locator("#model").select_option("Large")
    go_on(page, site, "Is that all?", "No: the bed has to be soft as well.")
    expect(page.locator(".reply--complete")).to_have_count(2)


def long_question(page: Page, site: Site) -> None:
    """Ask a question that is folded."""
    answered(page, site, texts.LONG_QUESTION, texts.SHORT)


def unfolded_question(page: Page, site: Site) -> None:
    long_question(page, site)
    page.locator(".unfolded summary").click()


def thoughtful(page: Page, site: Site) -> None:
    """Show an answer that the model has thought about."""
    ask(page, site, "Why do rivers bend?", Thought(texts.THOUGHTS), "Because water is faster on the outside of a bend.")
    expect(page.locator(".reply--complete")).to_be_visible()


def unfolded_thoughts(page: Page, site: Site) -> None:
    thoughtful(page, site)
    page.locator(".reply--complete .reasoning summary").click()
    expect(page.locator(".reasoning__text").last).to_contain_text("oxbow lakes")


def wide(page: Page, site: Site) -> None:
    """Show words, code and tables that are wider than the column."""
    code, table = "```\n" + "y" * 300 + "\n```", "|a" * 40 + "|\n" + "|-" * 40 + "|\n" + "|1" * 40 + "|"
    answered(page, site, "x" * 300, f"{'x' * 300}\n\n{code}\n\n{table}\n\n$${'a + ' * 80}a$$")


STATES = [
    State("An answer has everything that Markdown can do", answered, daily=True),
    State("A long technical answer has code, a table, formulas and lists", technical),
    State("A chat has several short turns", several),
    State("Question and answer are in Arabic", arabic),
    State("Question and answer are in Chinese", chinese),
    State("A long question with code is folded", long_question),
    State("A long question with code is unfolded", unfolded_question),
    State("What the model thought is folded", thoughtful),
    State("What the model thought is unfolded", unfolded_thoughts),
    State("Two models have answered, so each is named", of_two_models),
    State("Words, code, tables and formulas are wider than the column", wide),
    State("A chat is printed", technical, widths=(794,), media="print"),
]
