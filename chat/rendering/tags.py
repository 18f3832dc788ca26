"""The tags of HTML that are drawn: a few between words, and the line break of a table's cell; all others are text.

sanitizer.py has to let them through, too.
"""

from __future__ import annotations

import re

from .marks import shield

LESS, GREATER, BLANK = map(shield, "<> ")
DRAWN = "sub|sup|kbd|mark|ins"
BLOCKS = "blockquote|div|h[1-6r]|li|ol|p|section|t[abdhr]|ul"
PAIR = re.compile(
    rf"{LESS}({DRAWN}){GREATER}((?:[^<{LESS}]++|<(?!/?(?:{BLOCKS})\b)|{LESS}(?!/?\1{GREATER}))*+){LESS}/\1{GREATER}",
    re.IGNORECASE,
)
CELL = re.compile(r"<t[dh]\b.*?</t[dh]>", re.DOTALL)
BREAK = re.compile(rf"{LESS}br{BLANK}?/?{GREATER}", re.IGNORECASE)


def draw(html: str) -> str:
    """Draw what is drawn of the tags, whose signs are shielded."""
    if html.isascii() or LESS not in html:
        return html
    return CELL.sub(lambda cell: BREAK.sub("<br>", cell[0]), draw_pairs(html))


def draw_pairs(html: str) -> str:
    """Draw tags that stand in pairs within a block, from the inside outwards."""
    for _ in range(3):
        html = PAIR.sub(lambda pair: f"<{pair[1].lower()}>{pair[2]}</{pair[1].lower()}>", html)
    return html
