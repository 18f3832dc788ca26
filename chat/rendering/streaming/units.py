"""A growing answer as units that are rendered separately: blocks, the items of a list, the rows of a table."""

from __future__ import annotations

import hashlib
import re
import time

from .. import highlighter, input_limits
from ..pipeline import DRAFT_LIMIT, render_in_place, render_normalized, render_plain
from . import containers
from .splitter import OPEN_LIMIT, Splitter

WORD = re.compile(r"[^\W\d]")
"""Not in "|" and "12", which can become a row and an item."""


def digest(html: str) -> str:
    """Return the digest that Units have if this is all of their HTML."""
    return hashlib.blake2b(html.encode()).hexdigest()


class Units:
    """Closed units, each rendered once, and `text`, the open one, which has the number `number`."""

    def __init__(self, scope: str):
        self.text = ""
        self.number = 0
        self._splitter = Splitter()
        self._scope = scope
        self._count = 0
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
        """Whether the answer, or its open unit, is too long for memory."""
        return self._taken > input_limits.TEXT_LIMIT or len(self.text) > OPEN_LIMIT

    @property
    def way(self) -> str:
        """How the open unit is drawn: as "text", as a "fence", or "plain" because it is long."""
        if self._splitter.fence:
            return "fence"
        return "plain" if len(self.text) > DRAFT_LIMIT else "text"

    @property
    def decided(self) -> str:
        """The text of the open unit without a last line that can still become something else."""
        return self.text.removesuffix(self._splitter.undecided)

    def take(self, text: str) -> None:
        self._taken += len(text)
        closed, added, first = self._splitter.feed(text)
        if closed:
            self._close_block(closed[self._before : first])
            self._add(self._close(closed[first:]) if closed[first:] else "")
            self.text = added
        else:
            self.text += added
        self._cut_units(self.text.rfind("\n", 0, len(self.text) - len(added)) + 1)

    def take_closed(self) -> str:
        """Return the HTML of the units that closed since the last call."""
        html = "".join(self._html)
        self._html.clear()
        return html

    def close(self) -> None:
        self._close_block(self.text)
        self.text = ""

    def draft(self) -> str:
        """Render the open unit as it stands, without colours and formulas."""
        text, container = self.decided, self._container
        if fence := self._splitter.fence:
            return highlighter.figure(text.partition("\n")[2], fence.label)
        if self.way == "plain":
            return str(render_plain(self.text))
        if not container:
            return self._draft(text)
        inner = container.render(text, self._draft)
        if inner is None:  # it would end the container, or isn't an item yet: the page can't undo an end
            inner = container.item.format(self._draft(text)) if WORD.search(text) else ""
        return inner + container.closing

    def _close_block(self, text: str) -> None:
        self._close_unit(text)
        if self._container:
            self._add(self._container.closing)
        self._container, self._before = None, 0

    def _close_unit(self, text: str) -> None:
        container = self._container
        inner = container.render(text, self._close) if container else self._close(text)
        if container and inner is None:
            inner = self._close_container(container, text)
        self._add(inner or "")
        self.number += 1

    def _close_container(self, container: containers.Container, text: str) -> str:
        """Render the first rows or items of a text in the container, end it, and render the rest after it."""
        inner, start = "", 0
        for border in container.border.finditer(text, 1):
            html = container.render(text[start : border.start()], self._close)
            if html is None:
                break
            inner, start = inner + html, border.start()
        self._container = None
        return inner + container.closing + self._close(text[start:])

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
        """Render text for good, as a str: joined to it, parts of Markup would be escaped. Other greenlets run first."""
        self._count += 1
        time.sleep(0)
        return str(render_normalized(text, f"{self._scope}-{self._count}"))

    def _draft(self, text: str) -> str:
        return str(render_in_place(text, f"{self._scope}-{self._count + 1}"))

    def _go_on(self, end: int) -> None:
        self.number += 1
        self._before += end
        self.text = self.text[end:]
