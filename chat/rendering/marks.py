"""Signs that are read as typed: while Markdown is read, noncharacters of Unicode stand in their places.

No text can forge them, because guards.cleaned replaces those noncharacters.
"""

from __future__ import annotations

import re
from html import escape

NONCHARACTERS = [chr(code) for code in range(0xFDD0, 0xFDF0)]

SIGNS = "\\`*_[]()<>&!|~#:@.-= \n"
"""All that Markdown could read in a formula or a tag; what stands at the begin of a line has no other line there."""

STANDS_FOR = dict(zip(NONCHARACTERS, SIGNS, strict=False))
SHIELD = {ord(sign): mark for mark, sign in STANDS_FOR.items()}
UNSHIELD = {ord(mark): sign for mark, sign in STANDS_FOR.items()}
ESCAPED = {ord(mark): escape(sign) for mark, sign in STANDS_FOR.items()}

FORMULA, END, STOP = NONCHARACTERS[len(SIGNS) : len(SIGNS) + 3]
"""Where a formula begins and ends, and what stops an address or strong words."""

ANY = re.compile("[\ufdd0-\ufdef]")
DROPPED = re.compile(f" {STOP}|[{FORMULA}{END}{STOP}]")


def shielded(text: str) -> str:
    """Have a text read as typed."""
    return text.translate(SHIELD)


def unshielded(text: str) -> str:
    """Give what was typed."""
    return text if text.isascii() else DROPPED.sub("", text).translate(UNSHIELD)


def drawn(html: str) -> str:
    """Put the signs into HTML."""
    return html if html.isascii() or not ANY.search(html) else DROPPED.sub("", html).translate(ESCAPED)
