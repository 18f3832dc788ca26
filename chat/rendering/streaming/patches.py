"""The messages that extend a page's HTML: more HTML, and marks that end or remove elements.

A page shows HTML without its last end tags: the next HTML belongs in the elements that are still open. A parser drops
an end tag without its start tag, so END replaces it; REMOVE removes the last element. Both are comments: no rendering
has comments, and they don't change how a parser reads the cell or row behind them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

END = "<!>"
REMOVE = "<!x>"

TAG = re.compile(r"<(/?)(\w+)(?:\"[^\"]*\"|[^\">])*>")
VOID = {"br", "hr"}

# Blocks that the page keeps open; static/js/growing.js has the same list.
BLOCKS = "blockquote|div|figure|h[1-6]|li|ol|p|pre|section|table|tbody|td|th|thead|tr|ul"
EMPTY_CELL = r"<td(?: align=\"\w+\")?></td>"
END_TAGS = rf"</code>(?=</pre>)|</(?:{BLOCKS})>"
ENDS = re.compile(rf"(?:{END_TAGS})+\Z")
ENDS_AND_CELLS = re.compile(rf"(?:{END_TAGS}|{EMPTY_CELL})+\Z")


def leave_open(html: str) -> str:
    """Remove the end tags of blocks at the end of HTML, and empty cells."""
    return html[:-LAST] + ENDS_AND_CELLS.sub("", html[-LAST:])


LAST = 2_000
"""How far from the end we look for end tags: a search of a long text would take long."""


def patch(shown: str, wanted: str) -> list[str]:
    """Return the messages that turn the HTML a page shows of a unit into the wanted HTML."""
    if wanted.startswith(shown):
        return list(steps(wanted[len(shown) :]))
    depth, elements = measure(shown)
    first, *rest = steps(wanted)
    return [END * depth + REMOVE * elements + first, *rest]


def steps(html: str) -> Iterator[str]:
    """Split more HTML where it ends elements that were open before it."""
    start = depth = ends = 0
    for tag in TAG.finditer(html):
        depth += step(tag)
        if depth < 0:
            text, found = strip_end_tags(html[start : tag.start()])
            if text:
                yield END * ends + text
            start, depth, ends = tag.end(), 0, (0 if text else ends) + found + 1
    yield END * ends + html[start:]


def strip_end_tags(html: str) -> tuple[str, int]:
    """Remove the end tags of blocks at the end of HTML, and count them."""
    text = html[:-LAST] + ENDS.sub("", html[-LAST:])
    return text, html.count("</", len(text))


def step(tag: re.Match[str]) -> int:
    return 0 if tag[2] in VOID else -1 if tag[1] else 1


def measure(html: str) -> tuple[int, int]:
    """Count the elements that are open at the end of HTML, and the outermost elements."""
    depth = elements = 0
    for tag in TAG.finditer(html):
        elements += depth == 0 and not tag[1]
        depth += step(tag)
    return depth, elements


def is_balanced(html: str) -> bool:
    """Return whether HTML ends exactly the elements that it begins."""
    depth = 0
    for tag in TAG.finditer(html):
        depth += step(tag)
        if depth < 0:
            return False
    return depth == 0
