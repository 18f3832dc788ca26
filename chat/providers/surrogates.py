"""Characters that JSON writes as two surrogates; a server can send each half in a delta of its own."""

from __future__ import annotations

import re

HALVES = re.compile("[\ud800-\udfff]")


class Halves:
    """Joins halves across pieces; `rest` is a first half whose second half has not arrived."""

    def __init__(self) -> None:
        self.rest = ""

    def join(self, text: str) -> str:
        """Return the whole characters of a piece."""
        if text.isascii() and not self.rest:
            return text
        text = self.rest + text
        self.rest = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        return mend(text.removesuffix(self.rest))


def mend(text: str) -> str:
    """Join surrogate pairs; replace a lone half with U+FFFD."""
    if text.isascii() or not HALVES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
