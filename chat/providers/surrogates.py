"""Characters that JSON writes as two surrogates, of which a server may send each in a delta of its own."""

from __future__ import annotations

import re

HALVES = re.compile("[\ud800-\udfff]")


class Halves:
    """Joins the pieces of a text; `rest` is the first half of a character whose second half hasn't come."""

    def __init__(self) -> None:
        self.rest = ""

    def join(self, text: str) -> str:
        """Give a piece as far as its characters are whole."""
        if text.isascii() and not self.rest:
            return text
        text = self.rest + text
        self.rest = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        return mend(text.removesuffix(self.rest))


def mend(text: str) -> str:
    """Join the halves of surrogate pairs; one without the other becomes U+FFFD."""
    if text.isascii() or not HALVES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
