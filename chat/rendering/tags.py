"""The HTML tags that a model can use: a few between words, and the line break in a table cell. All others are text.

sanitizer.py must allow them, too.
"""

from __future__ import annotations

import re

from .shields import shield

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
    if html.isascii() or LESS not in html:
        return html
    for _ in range(3):  # nested ones from the inside outwards
        html = PAIR.sub(lambda pair: f"<{pair[1].lower()}>{pair[2]}</{pair[1].lower()}>", html)
    return CELL.sub(lambda cell: BREAK.sub("<br>", cell[0]), html)
