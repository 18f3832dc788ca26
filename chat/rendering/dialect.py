"""What models write that CommonMark reads otherwise: a text is put so that both mean the same."""

from __future__ import annotations

import re

from . import definitions, delimiters, fences, table_rows
from .marks import encode_formula, shield, unshield
from .scanner import scan

# A line of one sign below a paragraph is no underline: it is an item that has only begun, or a line of its own.
UNDERLINE = re.compile(r"\n[ \t>]*[-=](?=[ \t]*(?:\n|\Z))")
ITEM = re.compile(r"\s*(?:[-+*>|]|\d{1,9}[.)])")
UNCLOSED = re.compile(
    rf"^(?P<before>[ \t>]*)(?P<formula>(?:\$\$(?!\$)|\\\[|{delimiters.BEGIN})[\s\S]*)\Z", re.MULTILINE
)


def translate(text: str, is_growing: bool = False) -> str:
    """Put a text so that CommonMark reads what was meant; in one that grows, an open formula reaches to the end."""
    parts = [(translate_prose(prose), code) for prose, code in fences.split(text)]
    if is_growing and ("$$" in text or "\\" in text):
        parts[-1] = UNCLOSED.sub(encode_unclosed, parts[-1][0]), ""
    if "]:" in text:
        parts = definitions.shield_unused(parts)
    whole = "".join(prose + code for prose, code in parts)
    if "|" in whole:  # also in code, which gets its signs back: a fence may have ended earlier than we saw
        return table_rows.fit(whole)
    return whole


def translate_prose(text: str) -> str:
    """Translate a text without fences: shield what would be misread, and encode formulas."""
    text = scan(text)
    if "-" in text or "=" in text:
        text = "\n\n".join(UNDERLINE.sub(shield_underline, paragraph) for paragraph in text.split("\n\n"))
    return text


def shield_underline(match: re.Match[str]) -> str:
    """Shield a line of one sign, where it isn't the empty item of a list."""
    line, sign = match[0][:-1], match[0][-1]
    return match[0] if sign == "-" and ITEM.match(match.string) else line + shield(sign)


def encode_unclosed(match: re.Match[str]) -> str:
    """Encode what there is of a formula."""
    source = unshield(match["formula"])
    if delimiters.has_words(source):
        return match[0]
    closing = {"$$": "$$", "\\[": "\\]"}.get(source[:2], "")
    return match["before"] + (encode_formula(source + closing) if source[2:].strip() else "")
