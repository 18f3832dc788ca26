"""How far something is, on a line of the terminal that is written again and again; elsewhere nothing is said."""

from __future__ import annotations

from typing import TextIO

CLEAR = "\r\x1b[K"
"""Goes back to the line's beginning and empties it."""


class Progress:
    """Counts rows out of all of them."""

    def __init__(self, stream: TextIO, total: int):
        self.stream = stream
        self.total = total
        self.is_shown = stream.isatty()
        self.begin("copied")

    def begin(self, deed: str) -> None:
        """Count from 0, for another deed."""
        self.deed, self.done = deed, 0

    def add(self, table: str, rows: int) -> None:
        """Count some rows of a table in."""
        self.done += rows
        self._write(f"{CLEAR}{self.done:,} of {self.total:,} rows {self.deed} ({table})")

    def close(self) -> None:
        """Empty the line."""
        self._write(CLEAR)

    def _write(self, line: str) -> None:
        if self.is_shown:
            self.stream.write(line)
            self.stream.flush()
