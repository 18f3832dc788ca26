"""Shields for signs that Markdown must not interpret: noncharacters of Unicode replace them while Markdown is parsed.

No text can forge a shield, because input_limits.normalize replaces noncharacters.
"""

from __future__ import annotations

import re
from html import escape

NONCHARACTERS = [chr(code) for code in range(0xFDD0, 0xFDF0)]

SIGNS = "\\`*_[]()<>&!|~#:@.-= \n"
"""The signs that Markdown could interpret in a tag or a line of code."""

STANDS_FOR = dict(zip(NONCHARACTERS, SIGNS, strict=False))
SHIELD = {ord(sign): mark for mark, sign in STANDS_FOR.items()}

FORMULA, END, STOP = NONCHARACTERS[len(SIGNS) : len(SIGNS) + 3]
"""FORMULA and END enclose a formula; STOP ends an address or strong words."""

MARK = re.compile(f" ?{STOP}|{FORMULA}([0-9a-f]*){END}|[\ufdd0-\ufdef]")


def shield(text: str) -> str:
    """Replace the signs of a text with shields, so that Markdown leaves them."""
    return text.translate(SHIELD)


def encode_formula(formula: str) -> str:
    """Encode a formula as letters and digits, which Markdown leaves alone."""
    return FORMULA + formula.encode().hex() + END


def decode_formula(code: str) -> str:
    return bytes.fromhex(code).decode()


def unshield(text: str) -> str:
    return text if text.isascii() else MARK.sub(source_of, text)


def unshield_html(html: str) -> str:
    """Replace shields in HTML with their signs and formulas, escaped."""
    return html if html.isascii() else MARK.sub(lambda mark: escape(source_of(mark)), html)


def source_of(mark: re.Match[str]) -> str:
    """Return the sign or the formula behind a shield; "" for STOP."""
    return decode_formula(mark[1]) if mark[1] else STANDS_FOR.get(mark[0], "")
