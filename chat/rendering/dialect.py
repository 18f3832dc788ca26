"""What models write that CommonMark reads otherwise: a text is put so that both mean the same."""

from __future__ import annotations

import re

from . import definitions, delimiters, fences, table_rows
from .marks import held, shielded, unshielded
from .scanner import scanned

# A line of one sign below a paragraph is no underline: it is an item that has only begun, or a line of its own.
UNDERLINE = re.compile(r"\n[ \t>]*[-=](?=[ \t]*(?:\n|\Z))")
ITEM = re.compile(r"\s*(?:[-+*>|]|\d{1,9}[.)])")
UNCLOSED = re.compile(
    rf"^(?P<before>[ \t>]*)(?P<formula>(?:\$\$(?!\$)|\\\[|{delimiters.BEGIN})[\s\S]*)\Z", re.MULTILINE
)


def put(text: str, is_growing: bool = False) -> str:
    """Put a text so that CommonMark reads what was meant; in one that grows, an open formula reaches to the end."""
    parts = [(spoken(prose), code) for prose, code in fences.parts(text)]
    if is_growing and ("$$" in text or "\\" in text):
        parts[-1] = UNCLOSED.sub(unclosed, parts[-1][0]), ""
    if "]:" in text:
        parts = definitions.shown(parts)
    whole = "".join(prose + code for prose, code in parts)
    if "|" in whole:  # also in code, which gets its signs back: a fence may have ended earlier than we saw
        return table_rows.fitted(whole)
    return whole


def spoken(text: str) -> str:
    """Put what is no code."""
    text = scanned(text)
    if "-" in text or "=" in text:
        text = "\n\n".join(UNDERLINE.sub(underline, paragraph) for paragraph in text.split("\n\n"))
    return text


def underline(match: re.Match[str]) -> str:
    """Shield a line of one sign, where it isn't the empty item of a list."""
    line, sign = match[0][:-1], match[0][-1]
    return match[0] if sign == "-" and ITEM.match(match.string) else line + shielded(sign)


def unclosed(match: re.Match[str]) -> str:
    """Hold together what there is of a formula."""
    source = unshielded(match["formula"])
    if delimiters.has_words(source):
        return match[0]
    closing = {"$$": "$$", "\\[": "\\]"}.get(source[:2], "")
    return match["before"] + (held(source + closing) if source[2:].strip() else "")
