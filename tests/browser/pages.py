"""Bring the app's pages into all their states, for the checks that every page must pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from playwright.sync_api import Page, expect

from chat.providers.errors import Unavailable
from tests.browser.site import Site, send
from tests.marked import PASSWORD
from tests.scripted import Gate

RICH = """# Rivers

A river *meanders* where its bed is **soft**; see [the survey](https://example.org/survey) and `flow()`.

- upper course
- lower course
  1. bends
  2. oxbows

> [!NOTE]
> The bend moves outward.

| place | width | depth |
|:--|--:|:-:|
| spring | 1 m | 0.2 m |
| delta, where the river is at its widest | 4,000 m | 12 m |

```python
def flow(width: float, depth: float, speed: float) -> float:
    return width * depth * speed  # cubic metres a second, for a bed that is a box
```

- [x] measured
- [ ] ~~guessed~~ estimated

The law is $Q = A v$, and in full[^1]:

$$Q = \\int_A v \\, dA$$

[^1]: Continuity.
"""


class State(NamedTuple):
    """A page in one of its states: its name, and the function that brings a fresh browser there."""

    name: str
    reach: Callable[[Page, Site], None]


def begin(page: Page, site: Site) -> None:
    """Open the first page."""
    page.goto(site.url)


def answered(page: Page, site: Site) -> None:
    """Show a rich answer."""
    site.provider.will_say(RICH)
    page.goto(site.url)
    send(page, "Tell me about rivers")
    expect(page.locator(".reply--complete")).to_be_visible()


def answering(page: Page, site: Site) -> None:
    """Show an answer that is being written."""
    site.provider.will_say("A river begins", Gate())
    page.goto(site.url)
    send(page, "Tell me more")
    expect(page.locator(".reply")).to_contain_text("A river begins")


def broken_off(page: Page, site: Site) -> None:
    """Show an answer that broke off."""
    site.provider.will_say("A river ", Unavailable("The model can't be reached. Try again in a moment."))
    page.goto(site.url)
    send(page, "And now?")
    expect(page.locator(".reply--interrupted")).to_be_visible()


def edited(page: Page, site: Site) -> None:
    """Show two versions of a message, with the editor open for a third."""
    answered(page, site)
    site.provider.will_say("Short.")
    page.locator(".edit summary").click()
    page.locator(".edit[open]").get_by_role("button", name="Send").click()
    expect(page.locator(".versions").first).to_be_visible()
    expect(page.locator(".reply--complete")).to_contain_text("Short.")
    page.locator(".edit summary").click()


def missing(page: Page, site: Site) -> None:
    """Send a long word, as a plain form, to a conversation that doesn't exist: the page gives it back."""
    page.goto(site.url)
    page.locator("#text").fill("x" * 2000)
    page.locator("#composer").evaluate("form => { form.action += '/999999/messages'; form.submit() }")
    expect(page.locator(".sheet h1")).to_be_visible()


def signing_in(page: Page, site: Site) -> None:
    """Fail to sign in."""
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("Email").fill("ann@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").first).to_be_visible()


STATES = [
    State("the first page", begin),
    State("an answer", answered),
    State("an answer being written", answering),
    State("an answer that broke off", broken_off),
    State("a message being edited", edited),
    State("an error page", missing),
    State("the page to sign in", signing_in),
]
