"""Limits on the input, so that rendering a text takes at most 200 ms and 50 MB, as measured with comrak 0.0.16."""

from __future__ import annotations

import re
from collections.abc import Iterator

TEXT_LIMIT = 150_000
"""The longest text, in characters, that is rendered; a longer one is shown as plain text."""

HTML_LIMIT = 500_000
"""The longest HTML, in characters, that a text can become."""

CELL_LIMIT = 20_000
NOTE_LIMIT = 1_000

# For each of these signs comrak searches the rest of the paragraph. The limit is on signs x characters.
SEARCHES = (
    ("autolink", "@", 2e7),
    ("autolink", ")", 1e9),
)

UNUSABLE = re.compile("[\0\ud800-\udfff\ufdd0-\ufdef]")
DELIMITERS = re.compile(r"[-|: \t>*+.)\d]+")
TOO_DEEP = re.compile(r"^(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]))){33,}", re.MULTILINE)
MARKER = re.compile(r"[-+*>.)]")


class TooMuch(Exception):
    """The text, or its HTML, is too long to be rendered."""


def normalize(text: str) -> str:
    """Make every line end a line feed. Replace NUL, lone surrogates, and the noncharacters that shields.py uses."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "\ufffd") if text.isascii() else UNUSABLE.sub("\ufffd", text)


def limit_nesting(text: str) -> str:
    """Turn each line that nests more than 32 deep into text: escape its first marker."""
    return TOO_DEEP.sub(lambda markers: MARKER.sub(r"\\\g<0>", markers[0], count=1), text)


def find_costly_extensions(text: str) -> Iterator[str]:
    """Yield the extensions of Markdown that would take too long for this text."""
    if text.count("[^") > NOTE_LIMIT:
        yield "footnotes"
    paragraphs = text.split("\n\n")
    if "|" in text and sum(map(count_cells, paragraphs)) > CELL_LIMIT:
        yield "table"
    for extension, sign, limit in SEARCHES:
        if sum(paragraph.count(sign) * len(paragraph) for paragraph in paragraphs) > limit:
            yield extension


def count_cells(paragraph: str) -> int:
    """Count the cells of the largest table that this paragraph could hold; comrak pads every row to the full width."""
    lines = paragraph.split("\n")
    widths = [line.count("|") + 1 for line in lines if "-" in line and DELIMITERS.fullmatch(line)]
    return max(widths, default=0) * len(lines)
