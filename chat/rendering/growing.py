"""An answer while it is written: closed blocks that stay, and a tail that is drawn again or only appended to.

A redraw costs time and bytes with the tail's length, so it waits the longer, the longer the tail is: together they come
to some 4 KB of text a second. What comes meanwhile is appended as it is. So an answer's cost grows with its length.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from . import highlighting
from .blocks import Blocks
from .pipeline import kept, plain

PACE = 4096
"""How many characters of tail may be drawn again in a second."""

TAIL_LIMIT = 32 * 1024
"""The longest tail, in characters, that is rendered; a longer one is shown as it is until its block closes."""

# Text without these signs looks the same rendered or not, if a word stands before it in its line.
MARKUP = re.compile(r"[\n*_`~\[\]()<>|$\\#&]")
WORD = re.compile(r"[^\W\d_]")

# Where the last text block of a tail ends: what comes next is appended there.
END = re.compile(r"</(?:p|li|h[1-6])>(?=\s*(?:</(?:p|li|ul|ol|blockquote|div)>\s*)*\Z)")


@dataclass(frozen=True)
class Change:
    """A change of the page: append a closed block, draw the tail anew, or append text to what is open in the tail."""

    kind: Literal["block", "tail", "open"]
    html: Markup


class Growing:
    """An answer while it is written, for one page. `due` is when a redraw that waits wants a feed, on feed's clock."""

    def __init__(self, scope: str):
        self.due: float | None = None
        self._blocks = Blocks(scope)
        self._closed: list[Markup] = []
        self._way = "text"
        self._size = 0
        self._unshown = ""
        self._is_stale = self._has_end = self._has_word = False
        self._now = self._next = -math.inf

    def whole_so_far(self) -> tuple[Markup, Markup]:
        """Give all closed blocks, and the tail as it is now: what the first event of a page sets."""
        return Markup().join(self._closed), self._redraw().html

    def feed(self, text: str, now: float) -> list[Change]:
        """Take what is new of the text; `now` is in seconds of a monotonic clock. No change: nothing is to be drawn."""
        self._now = now
        closed, added = self._blocks.cutter.feed(text)
        if closed:
            self._size, self._unshown = 0, ""
        self._size += len(added)
        self._unshown += added
        return [*self._close(closed), self._redraw()] if closed else self._grow()

    def _close(self, text: str) -> list[Change]:
        html = self._blocks.close(text)
        self._closed.append(html)
        return [Change("block", html)] if html else []

    def _grow(self) -> list[Change]:
        if self._way != self._fitting_way():
            return [self._redraw()]
        return self._grow_text() if self._way == "text" else self._append()

    def _fitting_way(self) -> str:
        if self._blocks.cutter.fence:
            return "fence"
        return "plain" if self._size > TAIL_LIMIT else "text"

    def _grow_text(self) -> list[Change]:
        self._is_stale = self._is_stale or self._changes_more_than_the_end()
        if self._is_stale and self._now >= self._next:
            return [self._redraw()]
        self.due = self._next if self._is_stale else None
        return self._append() if self._has_end else []

    def _changes_more_than_the_end(self) -> bool:
        return bool(self._unshown) and not (self._has_end and self._has_word and not MARKUP.search(self._unshown))

    def _append(self) -> list[Change]:
        undecided = self._blocks.cutter.undecided
        text, self._unshown = self._unshown.removesuffix(undecided), undecided
        return [Change("open", escape(text))] if text else []

    def _redraw(self) -> Change:
        self._way = self._fitting_way()
        self._unshown = self._blocks.cutter.undecided
        self._is_stale, self.due = False, None
        self._next = self._now + self._size / PACE
        return Change("tail", self._draw())

    def _draw(self) -> Markup:
        match self._way:
            case "fence":
                return self._draw_fence()
            case "plain":
                return plain(self._blocks.open, "plain open")
            case _:
                return self._draw_text()

    def _draw_fence(self) -> Markup:
        cutter = self._blocks.cutter
        code = cutter.open.partition("\n")[2].removesuffix(cutter.undecided)
        return kept(highlighting.figure(code, cutter.language, state="open"))

    def _draw_text(self) -> Markup:
        text, html = self._blocks.open, self._blocks.draft()
        end = END.search(html)
        self._has_end = end is not None
        self._has_word = WORD.search(text.rpartition("\n")[2]) is not None
        return kept(with_end(html, end.start(), " " if text[-1:].isspace() else "")) if end else html


def with_end(html: str, position: int, space: str) -> str:
    """Put in the place where text is appended; Markdown drops the space at the end, which the next word needs."""
    return f'{html[:position]}<span class="open">{space}</span>{html[position:]}'
