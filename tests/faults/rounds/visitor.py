"""A browser that complains of every answer that no promise allows."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from tests.faults.browser import Answer, Browser

LIE = re.compile(r"nothing (was|has been) (changed|saved|stored)|(wasn't|was not) (saved|stored|done)", re.IGNORECASE)
"""What may only be said where it is known."""


class Visitor(Browser):
    """One visitor; `found` is what they complain of.

    `may_miss` tells that what they ask for may be gone, as they have deleted it; `known` counts how often a text of
    theirs is stored, None where nobody can tell.
    """

    def __init__(self, port: int, known: Callable[[str], int | None]):
        super().__init__(port)
        self.known = known
        self.may_miss = False
        self.found: list[str] = []

    def ask(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """Ask, and look at the answer. Raises OSError where there is none."""
        text = (form or {}).get("text", "")
        before = self.known(text) if text else None
        answer = super().ask(method, path, form, **headers)
        self.found += judged(f"{method} {path}", answer, self.may_miss)
        if before is not None and LIE.search(unescape(answer.body)) and (self.known(text) or 0) > before:
            self.found.append(f"{method} {path} said that nothing was changed, and {text!r} was stored")
        return answer


def judged(what: str, answer: Answer, may_miss: bool) -> list[str]:
    """Complain of an error of ours other than 503, and of a 404 for what is there."""
    wrong = answer.status >= 500 and answer.status != 503
    return [f"{what} was answered by {answer.status}"] if wrong or (answer.status == 404 and not may_miss) else []
