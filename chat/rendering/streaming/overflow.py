"""An answer that outgrows the memory for each page that watches: the page shows the rest as plain text.

The finished article is rendered in full, unless it is longer than input_limits.TEXT_LIMIT.
"""

from __future__ import annotations

from markupsafe import Markup

from ..input_limits import normalize
from ..pipeline import mark_safe
from .incremental import IncrementalRenderer
from .patches import patch
from .pending_markup import escape
from .units import Units

PLAIN = '<pre class="plain">'


class BoundedRenderer(IncrementalRenderer):
    """An IncrementalRenderer with bounded memory."""

    _has_given_up = False

    def feed(self, text: str, now: float) -> list[Markup]:
        """Take new text; return messages, after the limit with plain text."""
        if self._has_given_up:
            return [mark_safe(escape(normalize(text)))] if text else []
        if not self._units.is_long:
            return super().feed(text, now)
        return [*self._give_up(), *self.feed(text, now)]

    def end(self) -> tuple[list[Markup], str]:
        """Close the open unit; return the last messages, and the digest of the page's HTML, "" after the limit."""
        return ([], "") if self._has_given_up else super().end()

    def _give_up(self) -> list[Markup]:
        self._units.close()
        self._meet_new_unit()
        messages = patch(self._shown, self._before + PLAIN)
        self._has_given_up, self.due = True, None
        self._before = self._shown = ""
        self._units = Units("")
        return list(map(mark_safe, messages))
