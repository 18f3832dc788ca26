"""What is refused or made harmless before it is rendered, so that no text costs more than 200 ms or 50 MB.

The limits were measured with comrak 0.0.16: each text that passes them stays within the bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

TEXT_LIMIT = 150_000
"""The longest text, in characters, that is rendered; a longer one is shown as it is."""

HTML_LIMIT = 500_000
"""The most HTML, in characters, that a text may come to."""

CELL_LIMIT = 20_000
NOTE_LIMIT = 1_000

EXTENSIONS = frozenset(
    ["alerts", "autolink", "cjk_friendly_emphasis", "footnotes", "strikethrough", "table", "tasklist"]
)

# comrak looks to the end of the paragraph at each of these signs; the number bounds signs x characters.
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
    """Make every line end with a line feed, and replace what can't be stored or sent: NUL and lone surrogates; and the
    noncharacters that marks.py uses.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "\ufffd") if text.isascii() else UNUSABLE.sub("\ufffd", text)


def limit_nesting(text: str) -> str:
    """Turn a line that nests more than 32 deep into text, by its first marker. Raises TooMuch."""
    return TOO_DEEP.sub(lambda markers: MARKER.sub(r"\\\g<0>", markers[0], count=1), check_length(text, TEXT_LIMIT))


def check_length(text: str, limit: int) -> str:
    """Return a text, if it isn't longer than a limit. Raises TooMuch."""
    if len(text) > limit:
        raise TooMuch(f"{len(text)} characters are more than the {limit} that are rendered.")
    return text


def extensions(text: str) -> frozenset[str]:
    """Choose the extensions of Markdown that this text can have without harm."""
    return EXTENSIONS.difference(harmful(text))


def harmful(text: str) -> Iterator[str]:
    """Name the extensions that this text would make expensive."""
    if text.count("[^") > NOTE_LIMIT:
        yield "footnotes"
    paragraphs = text.split("\n\n")
    if sum(map(cells, paragraphs)) > CELL_LIMIT:
        yield "table"
    for extension, sign, limit in SEARCHES:
        if sum(paragraph.count(sign) * len(paragraph) for paragraph in paragraphs) > limit:
            yield extension


def cells(paragraph: str) -> int:
    """Count the cells that a table in this paragraph would have; comrak pads every row to the full width."""
    if "|" not in paragraph:
        return 0
    lines = paragraph.split("\n")
    widths = [line.count("|") + 1 for line in lines if "-" in line and DELIMITERS.fullmatch(line)]
    return max(widths, default=0) * len(lines)
