"""Signs that are read as typed: while Markdown is read, noncharacters of Unicode stand in their places.

No text can forge them, because input_limits.normalize replaces those noncharacters.
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


def shield(text: str) -> str:
    """Replace the signs of a text with marks, so that Markdown reads it as typed."""
    return text.translate(SHIELD)


def encode_formula(formula: str) -> str:
    """Encode a formula as letters and digits, which Markdown leaves as they are."""
    return FORMULA + formula.encode().hex() + END


def decode_formula(code: str) -> str:
    """Give the source of a formula that encode_formula hid."""
    return bytes.fromhex(code).decode()


def unshield(text: str) -> str:
    """Replace marks with what was typed."""
    return text if text.isascii() else MARK.sub(source_of, text)


def unshield_html(html: str) -> str:
    """Replace marks in HTML with what was typed, escaped."""
    return html if html.isascii() else MARK.sub(lambda mark: escape(source_of(mark)), html)


def source_of(mark: re.Match[str]) -> str:
    """Give the sign or the formula that a mark stands for; "" for STOP."""
    return decode_formula(mark[1]) if mark[1] else STANDS_FOR.get(mark[0], "")
