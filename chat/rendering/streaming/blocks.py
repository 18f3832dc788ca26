"""An answer as closed blocks, each rendered once."""

from __future__ import annotations

import time

from markupsafe import Markup

from .. import pipeline
from .splitter import Splitter

OPEN_LIMIT = 64 * 1024
"""The longest block, in characters, that is kept while it is open: it is in memory for each page that watches."""


class Blocks:
    """The closed blocks of a growing answer, for a page that can only grow; `splitter` holds what is open."""

    def __init__(self, scope: str):
        self.splitter = Splitter()
        self._scope = scope
        self._count = 0
        self._open = 0

    @property
    def open(self) -> str:
        """The text after the last closed block."""
        return self.splitter.open

    @property
    def is_long(self) -> bool:
        """Tell whether the open block is longer than what is to be kept in memory."""
        return self._open > OPEN_LIMIT

    def feed(self, text: str) -> Markup:
        """Take what is new of the text; render the blocks that it closed, "" for none."""
        closed, added, _ = self.splitter.feed(text)
        self._open = len(added) if closed else self._open + len(added)
        return self.close(closed)

    def rest(self) -> Markup:
        """Render what is open, at the end."""
        return self.close(self.open)

    def close(self, text: str) -> Markup:
        """Render blocks that closed together; others have a turn before the next ones."""
        self._count += 1
        time.sleep(0)
        return pipeline.render_normalized(text, f"{self._scope}-{self._count}")

    def draft(self, text: str) -> Markup:
        """Render a text as it stands, the quick way."""
        return pipeline.render_draft(text, f"{self._scope}-{self._count + 1}")
