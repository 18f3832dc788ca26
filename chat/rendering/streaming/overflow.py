"""An answer that grows beyond what is kept of it in memory for each page that watches: the rest is shown as it is.

The finished article puts that right; one past input_limits.TEXT_LIMIT is plain text, too.
"""

from __future__ import annotations

from markupsafe import Markup

from ..input_limits import normalize
from ..pipeline import mark_safe
from .incremental import IncrementalRenderer
from .patches import patch
from .signs import escape
from .units import Units

PLAIN = '<pre class="plain">'


class BoundedRenderer(IncrementalRenderer):
    """An answer while it is written, in memory that is bounded however long it becomes."""

    _has_given_up = False

    def feed(self, text: str, now: float) -> list[Markup]:
        """Take what is new of the text; give messages, past the limit of plain text."""
        if self._has_given_up:
            return [mark_safe(escape(normalize(text)))] if text else []
        if not self._units.is_long:
            return super().feed(text, now)
        return [*self._give_up(), *self.feed(text, now)]

    def end(self) -> tuple[list[Markup], str]:
        """Close what is open; give the last messages, and the digest of what is shown, or nothing that is one."""
        return ([], "") if self._has_given_up else super().end()

    def _give_up(self) -> list[Markup]:
        self._units.close()
        self._meet_new_unit()
        messages = patch(self._shown, self._before + PLAIN)
        self._has_given_up, self.due = True, None
        self._before = self._shown = ""
        self._units = Units("")
        return list(map(mark_safe, messages))
