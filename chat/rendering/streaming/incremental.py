"""An answer while a model writes it: the messages that extend a page's HTML with the text.

The page shows a prefix of the final HTML, so most new HTML is sent as it is, once. A unit is drawn again only if it
turns out to be something else, for example a line that was the head of a table. So an answer's cost in time and bytes
grows with its length.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator

from markupsafe import Markup

from ..directions import RTL
from ..pipeline import mark_safe
from .patches import LAST, leave_open, patch, strip_end_tags
from .pending_markup import MARKUP, escape, has_word, is_rtl, is_settled
from .units import Units

PACE = 8192
"""How many characters of long units we render in a second."""

HOLD = 0.4
"""How long, in seconds, we hold text that can still become markup, and code before the end of its line."""

QUIET = 1.0
"""After so many silent seconds we draw again without waiting for more text."""

SHARE = 0.5
"""How many characters of HTML we can draw again for each new character of text."""


class IncrementalRenderer:
    """An answer while a model writes it, for one page. Held text needs a feed at the time `due`, by feed's clock."""

    def __init__(self, scope: str):
        self.due: float | None = None
        self._units = Units(scope)
        self._number, self._way = 0, "text"
        self._before = self._shown = ""
        self._has_closed = False
        self._seen = self._looked = 0
        self._credit = 300.0
        self._now = self._heard = self._since = self._next = -math.inf

    def begin(self, texts: Iterable[str], now: float) -> Iterator[Markup]:
        """Take the text so far, in parts, up to the memory limit. Yield its HTML, in pieces, for the first event."""
        self._now = self._heard = now
        before = ""
        for text in texts:
            self._units.take(text)
            before += self._units.take_closed()
            yield mark_safe(before[:-LAST])
            before = before[-LAST:]
            if self._units.is_long:
                break
        draft = self._units.draft()
        self._number, self._way = self._units.number, self._units.way
        self._keep(before, draft)
        yield mark_safe(leave_open(before + draft))

    def feed(self, text: str, now: float) -> list[Markup]:
        """Take new text; return messages. `now` is in seconds of a monotonic clock."""
        self._now = now
        if text:
            self._heard = now
            self._credit += SHARE * len(text)
        self._units.take(text)
        self._meet_new_unit()
        return [mark_safe(message) for message in self._grow()]

    def end(self) -> tuple[list[Markup], str]:
        """Close the open unit; return the last messages, and the digest of all HTML that the page then shows."""
        self._units.close()
        self._meet_new_unit()
        wanted, _ = strip_end_tags(self._before)
        messages = patch(self._shown, wanted) if wanted != self._shown else []
        return [mark_safe(message) for message in messages if message], self._units.digest

    def _meet_new_unit(self) -> None:
        if self._number != self._units.number:
            self._number = self._units.number
            self._before += self._units.take_closed()
            self._has_closed = True
            self._way, self._seen, self._looked = "text", 0, 0

    def _grow(self) -> list[str]:
        self.due = None
        if self._way != self._units.way:
            self._way = self._units.way
            return self._draw(self._units.draft())
        return self._grow_text() if self._way == "text" else self._append_lines()

    def _append_lines(self) -> list[str]:
        new = self._units.decided[self._seen :]
        if not new.strip() or ("\n" not in new and self._waits()):
            return []
        self._seen += len(new)
        return self._append(html.escape(new, quote=False))

    def _append(self, escaped: str) -> list[str]:
        self._shown += escaped
        self._since = -math.inf
        return [escaped]

    def _waits(self) -> bool:
        """Hold the text; return whether the time for that isn't over."""
        if self._since == -math.inf:
            self._since = self._now
        self.due = self._since + HOLD
        return self._now < self.due

    def _grow_text(self) -> list[str]:
        new = self._units.text[self._seen :].rstrip()
        if self._is_plain(new):
            self._seen += len(new)
            self._looked = self._seen
            return self._append(escape(new)) if new else []
        return self._look() if self._is_worth_a_look() else []

    def _is_plain(self, new: str) -> bool:
        if self._has_closed or self._since != -math.inf or MARKUP.search(new):
            return False
        old = self._units.text[: self._seen].rstrip()
        if RTL.search(new) and 'dir="rtl"' not in self._shown and not is_rtl(old):
            return False
        return old[-1:] == self._shown[-1:] and not MARKUP.search(old[-1:]) and has_word(old)

    def _is_worth_a_look(self) -> bool:
        if self._now < self._next:
            self.due = self._next
            return False
        fresh = self._units.text[self._looked :]
        if self._since == -math.inf and not self._has_closed and not fresh.strip("| \n"):
            return False  # these signs alone show nothing
        is_due = self._since == -math.inf or not self._waits()
        return is_due or MARKUP.search(fresh) is not None or not has_word(self._units.text[: self._looked])

    def _look(self) -> list[str]:
        draft = self._units.draft()
        self._looked = len(self._units.decided)
        self._next = self._now + max(0, self._looked - 1024) / PACE
        wanted = leave_open(self._before + draft)
        if wanted == self._shown:
            self._seen, self._since = len(self._units.text[: self._looked].rstrip()), -math.inf
            return []
        if not wanted:  # a definition, for example, stays on the page until other text replaces it
            return []
        return self._draw(draft) if self._is_time_for(wanted) else []

    def _is_time_for(self, wanted: str) -> bool:
        if self._is_sure(wanted):
            return True
        return not self._waits() and (wanted.startswith(self._shown) or self._can_afford(wanted))

    def _is_sure(self, wanted: str) -> bool:
        if not has_word(self._units.text):
            return False
        return is_settled(wanted[len(self._shown) :]) if wanted.startswith(self._shown) else self._has_closed

    def _can_afford(self, wanted: str) -> bool:
        self.due = max(self._next, self._heard + QUIET)
        return self._has_closed or self._credit >= len(wanted) or self._now >= self._heard + QUIET

    def _draw(self, draft: str) -> list[str]:
        shown = self._shown
        wanted = self._keep(self._before, draft)
        if not wanted.startswith(shown):
            self._credit -= len(wanted)
        return [message for message in patch(shown, wanted) if message]

    def _keep(self, before: str, draft: str) -> str:
        """Remember the HTML that the page shows of the open unit, or of the units before if it shows nothing."""
        wanted = leave_open(before + draft)
        is_begun = len(wanted) > len(before)
        self._before, self._shown = ("", wanted[len(before) :]) if is_begun else (before, wanted)
        self._has_closed = self._has_closed and not is_begun
        text = self._units.decided
        self._seen, self._looked = len(text.rstrip() if self._way == "text" else text), len(text)
        self._since, self.due = -math.inf, None
        return wanted
