"""An answer as closed blocks, each rendered once, for a page that can only grow."""

from __future__ import annotations

import time

from markupsafe import Markup

from ..pipeline import render_normalized
from .splitter import OPEN_LIMIT, Splitter


class Blocks:
    """The closed blocks of a growing answer; `open` is the text after the last of them."""

    def __init__(self, scope: str):
        self._splitter = Splitter()
        self._scope = scope
        self._count = 0
        self._open = 0

    @property
    def open(self) -> str:
        return self._splitter.open

    @property
    def is_long(self) -> bool:
        """Whether the open block is too long for memory."""
        return self._open > OPEN_LIMIT

    def feed(self, text: str) -> Markup:
        """Take new text; render the blocks that it closed, "" for none."""
        closed, added, _ = self._splitter.feed(text)
        self._open = len(added) if closed else self._open + len(added)
        return self.close(closed) if closed else Markup()

    def close(self, text: str) -> Markup:
        """Render blocks that closed together; other greenlets run before the next ones."""
        self._count += 1
        time.sleep(0)
        return render_normalized(text, f"{self._scope}-{self._count}")
