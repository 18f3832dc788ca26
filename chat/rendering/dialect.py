"""Translate what models write and CommonMark would misread: formulas, nested fences, tags, long table rows."""

from __future__ import annotations

import re

from . import fences, formula_delimiters, reference_definitions, table_rows
from .scanner import scan
from .shields import encode_formula, shield, unshield

# One sign on the line below a paragraph is no underline: it begins a list, or stands alone.
UNDERLINE = re.compile(r"\n[ \t>]*[-=](?=[ \t]*(?:\n|\Z))")
ITEM = re.compile(r"\s*(?:[-+*>|]|\d{1,9}[.)])")
UNCLOSED = re.compile(
    rf"^(?P<before>[ \t>]*)(?P<formula>(?:\$\$(?!\$)|\\\[|{formula_delimiters.BEGIN})[\s\S]*)\Z", re.MULTILINE
)


def translate(text: str, is_growing: bool = False) -> str:
    """Rewrite a text so that CommonMark reads what the model meant; in a growing text, close an open formula."""
    parts = [(translate_prose(prose), code) for prose, code in fences.split(text)]
    if is_growing and ("$$" in text or "\\" in text):
        parts[-1] = UNCLOSED.sub(encode_unclosed, parts[-1][0]), ""
    if "]:" in text:
        parts = reference_definitions.shield_unused(parts)
    whole = "".join(prose + code for prose, code in parts)
    if "|" in whole:  # in code, too: if a fence ended earlier than we saw, it is prose
        return table_rows.fit(whole)
    return whole


def translate_prose(text: str) -> str:
    text = scan(text)
    if "-" in text or "=" in text:
        text = "\n\n".join(UNDERLINE.sub(shield_underline, paragraph) for paragraph in text.split("\n\n"))
    return text


def shield_underline(match: re.Match[str]) -> str:
    """Shield a line of one sign, unless it is the empty item of a list."""
    line, sign = match[0][:-1], match[0][-1]
    return match[0] if sign == "-" and ITEM.match(match.string) else line + shield(sign)


def encode_unclosed(match: re.Match[str]) -> str:
    source = unshield(match["formula"])
    if formula_delimiters.has_words(source):
        return match[0]
    closing = {"$$": "$$", "\\[": "\\]"}.get(source[:2], "")
    return match["before"] + (encode_formula(source + closing) if source[2:].strip() else "")
