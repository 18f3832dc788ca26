"""An answer that grows, as units that are rendered apart: blocks, the items of a list, the rows of a table."""

from __future__ import annotations

import hashlib
import re

from .. import highlighter, input_limits
from ..pipeline import DRAFT_LIMIT, render_plain
from . import containers
from .blocks import OPEN_LIMIT, Blocks

WORD = re.compile(r"[^\W\d]")
"""What "|" and "12", which may become a row and an item, don't have."""


def digest(html: str) -> str:
    """Give the digest that Units have when HTML is that of all of them."""
    return hashlib.blake2b(html.encode()).hexdigest()


class Units:
    """Closed units, each rendered once, and `text`, that of the open one, which is unit number `number`."""

    def __init__(self, scope: str):
        self.text = ""
        self.number = 0
        self._blocks = Blocks(scope)
        self._container: containers.Container | None = None
        self._before = 0
        self._html: list[str] = []
        self._digest = hashlib.blake2b()
        self._taken = 0

    @property
    def digest(self) -> str:
        """The digest of the HTML of all closed units."""
        return self._digest.hexdigest()

    @property
    def is_long(self) -> bool:
        """Tell whether this is more than is to be kept in memory."""
        return self._taken > input_limits.TEXT_LIMIT or len(self.text) > OPEN_LIMIT

    @property
    def way(self) -> str:
        """How the open unit is drawn: as "text", as a "fence", or "plain" because it is long."""
        if self._blocks.splitter.fence:
            return "fence"
        return "plain" if len(self.text) > DRAFT_LIMIT else "text"

    @property
    def undecided(self) -> str:
        """The end of the text that may turn out to be no part of it."""
        return self._blocks.splitter.undecided

    def take(self, text: str) -> None:
        """Take what is new of the text."""
        self._taken += len(text)
        closed, added, first = self._blocks.splitter.feed(text)
        if closed:
            self._close_block(closed[self._before : first])
            self._add(self._close(closed[first:]) if closed[first:] else "")
            self.text = added
        else:
            self.text += added
        self._cut_units(self.text.rfind("\n", 0, len(self.text) - len(added)) + 1)

    def take_closed(self) -> str:
        """Give the HTML of the units that closed since this was asked."""
        html = "".join(self._html)
        self._html.clear()
        return html

    def close(self) -> None:
        """Close what is open, at the end."""
        self._close_block(self.text)
        self.text = ""

    def draft(self) -> str:
        """Render the open unit as it stands, the quick way."""
        if fence := self._blocks.splitter.fence:
            return highlighter.figure(self.text.partition("\n")[2].removesuffix(self.undecided), fence.label)
        return str(render_plain(self.text)) if self.way == "plain" else self._draft_text()

    def _draft_text(self) -> str:
        text = self.text.removesuffix(self.undecided)
        if not self._container:
            return self._draft(text)
        inner = self._render_unit(text, self._draft)
        return (self._wrap(text) if inner is None else inner) + self._container.closing

    def _wrap(self, text: str) -> str:
        """Hold in the container what isn't in it, or not yet: it would end the container, and there is no way back."""
        return self._container.wrap(self._draft(text)) if self._container and WORD.search(text) else ""

    def _close_block(self, text: str) -> None:
        self._close_unit(text)
        self._add(self._closing)
        self._container, self._before = None, 0

    def _close_unit(self, text: str) -> None:
        inner = self._render_unit(text, self._close)
        if inner is None:
            inner, rest = self._belonging(text)
            self._add(inner + self._closing + self._close(rest))
            self._container = None
        else:
            self._add(inner)
        self.number += 1

    def _belonging(self, text: str) -> tuple[str, str]:
        """Render the first rows or items of a text, as far as they belong into the container; give the rest, too."""
        inner, start = "", 0
        for border in self._container.border.finditer(text, 1) if self._container else ():
            html = self._render_unit(text[start : border.start()], self._close)
            if html is None:
                break
            inner, start = inner + html, border.start()
        return inner, text[start:]

    def _render_unit(self, text: str, render: containers.Render) -> str | None:
        return self._container.render(text, render) if self._container else None

    @property
    def _closing(self) -> str:
        return self._container.closing if self._container else ""

    def _cut_units(self, start: int) -> None:
        if not self._container and (found := containers.find(self.text, start, self._close)):
            self._container, html, end = found
            self._add(html)
            self._go_on(end)
            start = 0
        if self._container and (border := containers.find_last(self._container.border, self.text, start)):
            self._container.loosen(self.text[: border.start()])
            self._close_unit(self.text[: border.start()])
            self._go_on(border.start())

    def _add(self, html: str) -> None:
        self._html.append(html)
        self._digest.update(html.encode())

    def _close(self, text: str) -> str:
        return str(self._blocks.close(text))  # what is safe already, and cut, would be escaped when it is joined

    def _draft(self, text: str) -> str:
        return str(self._blocks.draft(text))

    def _go_on(self, end: int) -> None:
        self.number += 1
        self._before += end
        self.text = self.text[end:]
