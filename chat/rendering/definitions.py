"""Definitions of addresses and footnotes that nothing refers to: Markdown would draw nothing of them."""

from __future__ import annotations

import re

from .marks import shield

DEFINITION = re.compile(r"^([ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)?)\[([^\[\]\n]+)\](?=:)", re.MULTILINE)
LABEL = re.compile(r"\\.|(?:https?://|www\.)[^\s<]*|\[([^\[\]\n]+)\](?!\()")


def shield_unused(parts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Have the definitions in a text's parts read as typed, if they are not used, or not the first of their name.

    Those in code are, too: it gets its signs back, and where a fence ended earlier than we saw it is no code.
    """
    used = find_uses("".join(prose for prose, _ in parts))
    known: set[str] = set()

    def read(match: re.Match[str]) -> str:
        name = normalize(match[2])
        is_used = name in used and (name not in known or name.startswith("^"))
        known.add(name)
        return match[0] if is_used else shield_definition(match)

    return [(DEFINITION.sub(read, prose), DEFINITION.sub(shield_definition, code)) for prose, code in parts]


def shield_definition(match: re.Match[str]) -> str:
    """Shield the brackets of a definition, so that Markdown reads it as typed."""
    return f"{match[1]}{shield('[')}{match[2]}{shield(']')}"


def find_uses(text: str) -> set[str]:
    """Find the labels that a text refers to, normalized."""
    return {normalize(label[1]) for label in LABEL.finditer(DEFINITION.sub("", text)) if label[1]}


def normalize(label: str) -> str:
    """Fold the case and the blanks of a label, as CommonMark compares labels."""
    return " ".join(label.split()).casefold()
