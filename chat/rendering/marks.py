"""Signs that are read as typed: while Markdown is read, noncharacters of Unicode stand in their places.

No text can forge them, because guards.cleaned replaces those noncharacters.
"""

from __future__ import annotations

import re
from html import escape

NONCHARACTERS = [chr(code) for code in range(0xFDD0, 0xFDF0)]

SIGNS = "\\`*_[]()<>&!|~#:@.-= \n"
"""All that Markdown could read in a tag or a line of code."""

STANDS_FOR = dict(zip(NONCHARACTERS, SIGNS, strict=False))
SHIELD = {ord(sign): mark for mark, sign in STANDS_FOR.items()}

FORMULA, END, STOP = NONCHARACTERS[len(SIGNS) : len(SIGNS) + 3]
"""Where a formula begins and ends, and what stops an address or strong words."""

MARK = re.compile(f" ?{STOP}|{FORMULA}([0-9a-f]*){END}|[\ufdd0-\ufdef]")


def shielded(text: str) -> str:
    """Have a text read as typed."""
    return text.translate(SHIELD)


def held(formula: str) -> str:
    """Hold a formula together: letters and digits alone, which Markdown leaves as they are."""
    return FORMULA + formula.encode().hex() + END


def released(code: str) -> str:
    """Give what was held."""
    return bytes.fromhex(code).decode()


def unshielded(text: str) -> str:
    """Give what was typed."""
    return text if text.isascii() else MARK.sub(typed, text)


def drawn(html: str) -> str:
    """Put what was typed into HTML."""
    return html if html.isascii() else MARK.sub(lambda mark: escape(typed(mark)), html)


def typed(mark: re.Match[str]) -> str:
    """Give what a mark stands for."""
    return released(mark[1]) if mark[1] else STANDS_FOR.get(mark[0], "")
