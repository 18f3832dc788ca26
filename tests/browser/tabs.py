"""Use a tab of Chromium or Firefox as a user does: with visible elements, a mouse and a keyboard."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any, NamedTuple

from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from tests.browser.firefox import HEIGHT, WIDTH, Firefox, Refused
from tests.scripted import PATIENCE

FIND = """
(selector, text, reachable) => {
  if (![...document.querySelectorAll("[rel=stylesheet]")].every(link => link.sheet)) return null
  const seen = [...document.querySelectorAll(selector)]
    .find(one => one.checkVisibility() && one.textContent.includes(text))
  if (!seen) return null
  seen.scrollIntoView({ block: "nearest", behavior: "instant" })
  const box = seen.getBoundingClientRect()
  const [x, y] = [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]
  return (!reachable || seen.contains(document.elementFromPoint(x, y))) && { x, y }
}
"""


class Place(NamedTuple):
    """The coordinates of an element's centre."""

    x: int
    y: int


class Tab:
    """The shared part of both browsers; `script` says whether pages can run JavaScript."""

    def __init__(self, script: bool):
        self.script = script

    def open(self, url: str) -> None:
        raise NotImplementedError

    def go_beside(self) -> None:
        """Continue in a new tab with the same cookies."""
        raise NotImplementedError

    def call(self, function: str, *words: str) -> Any:
        """Call a function in the page. It runs even if the page's JavaScript is off, as in a console."""
        raise NotImplementedError

    def press(self, x: int, y: int) -> None:
        raise NotImplementedError

    def type(self, text: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Close all tabs and delete their cookies."""
        raise NotImplementedError

    def see(self, selector: str, text: str = "", reachable: bool = False) -> Place:
        """Wait until an element with a text is visible, and with `reachable` until no other element covers it."""
        return Place(**self.until(FIND, selector, text, "reachable" if reachable else ""))

    def until(self, function: str, *words: str) -> Any:
        """Call a function until its result is true; return the result."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(PlaywrightError, Refused):  # the page is closing
                if found := self.call(function, *words):
                    return found
            time.sleep(0.02)
        raise AssertionError(f"{words or function}: not in {self.call('() => document.body.innerText')!r}")

    def click(self, selector: str) -> None:
        place = self.see(selector, reachable=True)
        self.press(place.x, place.y)

    def fill(self, selector: str, text: str) -> None:
        """Replace the text of a field."""
        self.click(selector)
        self.see(f"{selector}:focus")
        self.call("() => document.activeElement.select()")
        self.type(text)


class ChromiumTab(Tab):
    """A tab of Chromium with its own cookies."""

    def __init__(self, browser: Browser, script: bool):
        super().__init__(script)
        self.context = browser.new_context(
            java_script_enabled=script, ignore_https_errors=True, viewport={"width": WIDTH, "height": HEIGHT}
        )
        self.go_beside()

    def go_beside(self) -> None:
        self.page = self.context.new_page()

    def open(self, url: str) -> None:
        self.page.goto(url, wait_until="domcontentloaded")

    def call(self, function: str, *words: str) -> Any:
        return self.page.evaluate(f"words => ({function})(...words)", list(words))

    def press(self, x: int, y: int) -> None:
        self.page.mouse.click(x, y)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def close(self) -> None:
        self.context.close()


class FirefoxTab(Tab):
    """A tab of Firefox with its own cookies."""

    def __init__(self, firefox: Firefox):
        super().__init__(firefox.script)
        self.firefox = firefox
        self.user = firefox.command("browser.createUserContext")["userContext"]
        self.go_beside()

    def go_beside(self) -> None:
        self.context = self.firefox.command("browsingContext.create", type="tab", userContext=self.user)["context"]

    def open(self, url: str) -> None:
        self.firefox.command("browsingContext.navigate", context=self.context, url=url, wait="interactive")

    def call(self, function: str, *words: str) -> Any:
        answer = self.firefox.command(
            "script.callFunction",
            functionDeclaration=f"(...words) => JSON.stringify(({function})(...words) ?? null)",
            arguments=[{"type": "string", "value": word} for word in words],
            target={"context": self.context},
            awaitPromise=False,
        )
        if answer["type"] == "exception":
            raise Refused(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def press(self, x: int, y: int) -> None:
        button = [{"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": 0}]
        self._act("pointer", [*button, {"type": "pointerUp", "button": 0}])

    def type(self, text: str) -> None:
        self._act("key", [{"type": kind, "value": sign} for sign in text for kind in ("keyDown", "keyUp")])

    def _act(self, kind: str, steps: list[dict[str, Any]]) -> None:
        source = {"type": kind, "id": kind, "actions": steps}
        self.firefox.command("input.performActions", context=self.context, actions=[source])

    def close(self) -> None:
        self.firefox.command("browser.removeUserContext", userContext=self.user)
