"""Definitions of links and footnotes that nothing refers to. Markdown would drop them; we show them as text."""

from __future__ import annotations

import re

from .shields import shield

DEFINITION = re.compile(r"^([ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)?)\[([^\[\]\n]+)\](?=:)", re.MULTILINE)
LABEL = re.compile(r"\\.|(?:https?://|www\.)[^\s<]*|\[([^\[\]\n]+)\](?!\()")


def shield_unused(parts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Shield each definition that is unused or a duplicate, and all in code.

    Code gets its signs back later. If a fence ended earlier than we saw, what we took for code is prose.
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
    return f"{match[1]}{shield('[')}{match[2]}{shield(']')}"


def find_uses(text: str) -> set[str]:
    return {normalize(label[1]) for label in LABEL.finditer(DEFINITION.sub("", text)) if label[1]}


def normalize(label: str) -> str:
    """Fold the case and the blanks of a label, like CommonMark."""
    return " ".join(label.split()).casefold()
