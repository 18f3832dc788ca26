"""Watch one turn as a user does: typed into a page in Chromium and watched to the end of its answer.

An answer's first token counts when the document holds it; the clock starts when Enter goes down. Main-thread time is
Chromium's own metric, from then until the page is idle again.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.chromium import Tab

FIRST_TOKEN = """
() => {
  const tokens = () => document.body.textContent.match(/Q[0-9a-f]{9}Z/g)?.length ?? 0, before = tokens()
  globalThis.turn = { before }
  addEventListener("keydown", event => { turn.entered = event.timeStamp }, { capture: true, once: true })
  new MutationObserver((changes, observer) => {
    if (tokens() === before) return
    turn.first = performance.now()
    observer.disconnect()
  }).observe(document.body, { childList: true, characterData: true, subtree: true })
}
"""
"""Notes when a key went down, and when the document held the first token after it."""

WHOLE = """
tokens => {
  const here = document.body.textContent.match(/Q[0-9a-f]{9}Z/g)?.length ?? 0
  return here - turn.before >= tokens && !document.querySelector("[aria-busy=true]")
}
"""

SETTLING = 1_000
"""How long the work after an answer's end may take, in ms; it counts as part of the turn."""


@dataclass(frozen=True)
class Answer:
    """The answer to ask of the fake provider."""

    tokens: int
    rate: float
    kind: str = "prose"

    def __str__(self) -> str:
        return f"bench id=1 tokens={self.tokens} rate={self.rate:g} kind={self.kind}"


def turn(tab: Tab, answer: Answer) -> dict[str, float]:
    """Send a message in a tab's open page, and watch its answer."""
    page = tab.page
    page.locator("#text").fill(str(answer))
    page.evaluate(FIRST_TOKEN)
    tab.forget()
    before = tab.busy()
    page.keyboard.press("Enter")
    page.wait_for_timeout(1000 * answer.tokens / answer.rate)
    page.wait_for_function(WHOLE, arg=answer.tokens, polling=500)
    page.wait_for_timeout(SETTLING)
    after = tab.busy()
    entered, first = page.evaluate("[turn.entered, turn.first]")
    return {
        "first_ms": first - entered,
        "requests": len(tab.requests),
        **{f"{name}_s": 1000 * (after[name] - before[name]) / answer.tokens for name in after},
    }
