"""Lists and tables that grow: each item and each row is rendered once, alone, in the same container."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .patches import is_balanced

ITEM = re.compile(r"([-+*])[ \t]|\d{1,9}([.)])[ \t]")
HEAD = re.compile(r"(?=[^\n]*\|)[^\n]*\n(?=[^\n]*-)[-:| \t]+\n")
ROW = re.compile(r"^(?=[^\n])", re.MULTILINE)
BLANK_END = re.compile(r"\n[ \t]*\n\Z")

ROW_OF_ONE = "<tr><td>{}</td></tr>"

Render = Callable[[str], str]


@dataclass
class Container:
    """The common parts of a block's units.

    Each unit begins at `border`. Its text is rendered between `head` and `tail`; its HTML stands between `opening` and
    `closing`. `item` makes a unit of other HTML. `extra` is HTML that only the tail causes.
    """

    border: re.Pattern[str]
    opening: re.Pattern[str]
    closing: str
    item: str
    head: str = ""
    tail: str = ""
    extra: str = ""

    def render(self, unit: str, render: Render) -> str | None:
        """Render a unit alone; return None if it doesn't belong in this container."""
        return self.inner(render(self.head + unit + self.tail))

    def inner(self, html: str) -> str | None:
        """Take the HTML of units out of the container; return None if there is other HTML."""
        begin, end = self.opening.match(html), self.extra + self.closing
        if not begin or not html.endswith(end):
            return None
        inner = html[begin.end() : len(html) - len(end)]
        return inner if is_balanced(inner) else None

    def loosen(self, unit: str) -> None:
        """Make a list loose once a blank line ends an item: add an empty item, and drop its HTML again."""
        if BLANK_END.search(unit) and (item := ITEM.match(unit)):
            self.tail, self.extra = f"\n\n{item[0]}\n", "<li></li>"


def find(block: str, start: int, render: Render) -> tuple[Container, str, int] | None:
    """Return the container of a block once another unit begins at `start` or later, else None.

    With it, return the HTML before that unit, and where the unit begins.
    """
    if item := ITEM.match(block):
        marker = re.escape(item[1]) if item[1] else rf"\d{{1,9}}{re.escape(item[2])}"
        border = find_last(re.compile(rf"^{marker}(?=[ \t\n])", re.MULTILINE), block, start)
        return list_container(block, border, render) if border else None
    head = HEAD.match(block) if "\n" in block else None
    return table_container(head[0], render) if head and ROW.match(block, head.end()) else None


def find_last(border: re.Pattern[str], text: str, start: int) -> re.Match[str] | None:
    """Return where the last unit of a text begins, unless it is the first one."""
    return max(border.finditer(text, max(1, start)), key=re.Match.start, default=None)


def list_container(block: str, border: re.Match[str], render: Render) -> tuple[Container, str, int] | None:
    """Make the container of a list for `find`; return None if the HTML of its first items is no list."""
    tag, first = "ul" if block[0] in "-+*" else "ol", block[: border.start()]
    container = Container(border.re, re.compile(f"<{tag}[^>]*>"), f"</{tag}>", "<li>{}</li>")
    container.loosen(first)
    html, end = render(first + container.tail), container.extra + container.closing
    return None if container.inner(html) is None else (container, html.removesuffix(end), border.start())


def table_container(head: str, render: Render) -> tuple[Container, str, int] | None:
    """Make the container of a table for `find`; return None if the HTML of its head is no table."""
    html = render(head)
    if not html.endswith("</thead></table></div>") or not html.startswith("<div"):
        return None
    opening = html.removesuffix("</table></div>") + "<tbody>"
    container = Container(ROW, re.compile(re.escape(opening)), "</tbody></table></div>", ROW_OF_ONE, head)
    return container, opening, len(head)
