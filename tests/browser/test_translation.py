"""Test a browser that translates: it wraps each text in its own elements, at any time."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.site import send
from tests.scripted import Gate, Scripted

TRANSLATE = """
const left = "script, style, textarea, option, font"
const isKept = element => element.closest(left) || element.closest("[translate]")?.getAttribute("translate") === "no"
const isWords = text => text.data.trim() && !isKept(text.parentElement)
const translate = () => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const texts = []
  while (walker.nextNode()) if (isWords(walker.currentNode)) texts.push(walker.currentNode)
  for (const text of texts) {
    const outer = document.createElement("font"), inner = document.createElement("font")
    inner.textContent = text.data.toUpperCase()
    outer.append(inner)
    text.replaceWith(outer)
  }
}
translate()
new MutationObserver(translate).observe(document.body, { childList: true, subtree: true, characterData: true })
"""

CODE = "print('one')\n# two\nprint('three')"
WORDS = ["first, ", "second\nand third.\n\n- an it", "em of a list\n- another", "\n\nThe end."]


def test_an_answer_grows_whole_and_its_code_is_copied_as_it_was(page: Page, provider: Scripted) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    gates = [Gate() for _ in range(6)]
    code = [f"```python\n{CODE[:9]}", f"{CODE[9:]}\n```\n\nSo $x_{{ab}}$ and `a_b`. "]
    pieces = [part for pair in zip([*code, *WORDS], gates, strict=True) for part in pair]
    provider.will_say(*pieces)
    page.evaluate(TRANSLATE)
    send(page, "Show me")

    for gate in gates:
        page.wait_for_timeout(150)
        gate.open()
    expect(page.locator(".reply--complete")).to_contain_text("THE END.")
    page.locator(".code .copy").click()
    expect(page.locator(".code .copy")).to_have_text("COPIED")

    assert page.evaluate("navigator.clipboard.readText()") == CODE
    assert page.locator(".code code").text_content() == CODE + "\n"
    assert page.locator(".reply math mi").all_text_contents() == ["x", "a", "b"]
    body = page.locator(".reply__body").inner_text()
    assert all(word in body for word in ["SO", "a_b", "FIRST, SECOND", "AND THIRD.", "AN ITEM OF A LIST", "ANOTHER"])


def test_one_goes_on_in_a_translated_page(page: Page, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("One.", gate, "Never said.")
    provider.will_say("Two.")
    page.evaluate(TRANSLATE)
    send(page, "First")
    expect(page.locator(".reply")).to_contain_text("ONE.")

    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".reply--stopped")).to_contain_text("STOPPED.")
    send(page, "Second")

    expect(page.locator(".reply--complete")).to_contain_text("TWO.")
    assert [call.messages[-1]["content"] for call in provider.calls] == ["First", "Second"]
