"""Act as a browser that complains about every response that breaks a promise."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from tests.faults.browser import Answer, Browser

LIE = re.compile(r"nothing (was|has been) (changed|saved|stored)|(wasn't|was not) (saved|stored|done)", re.IGNORECASE)
"""The sentence that a page may show only if it is true."""


class Visitor(Browser):
    """One visitor; `found` lists the complaints.

    `may_miss` says that the visitor has deleted the conversation, so that a 404 is right. `known` counts the stored
    copies of a text; it returns None while the count is unknown.
    """

    def __init__(self, port: int, known: Callable[[str], int | None]):
        super().__init__(port)
        self.known = known
        self.may_miss = False
        self.found: list[str] = []

    def ask(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """Send a request and check the answer. Raises OSError if there is none."""
        text = (form or {}).get("text", "")
        before = self.known(text) if text else None
        answer = super().ask(method, path, form, **headers)
        self.found += judged(f"{method} {path}", answer, self.may_miss)
        if before is not None and LIE.search(unescape(answer.body)) and (self.known(text) or 0) > before:
            self.found.append(f"{method} {path} said that nothing was changed, and {text!r} was stored")
        return answer


def judged(what: str, answer: Answer, may_miss: bool) -> list[str]:
    """Complain about a server error other than 503, and about a 404 for something that exists."""
    wrong = answer.status >= 500 and answer.status != 503
    return [f"{what} was answered by {answer.status}"] if wrong or (answer.status == 404 and not may_miss) else []
