"""The progress of a move, on one line of a terminal; without a terminal nothing is written."""

from __future__ import annotations

from typing import TextIO

CLEAR = "\r\x1b[K"
"""Returns to the beginning of the line and clears it."""


class Progress:
    """Counts rows, of so many in total."""

    def __init__(self, stream: TextIO, total: int):
        self.stream = stream
        self.total = total
        self.is_shown = stream.isatty()
        self.begin("copied")

    def begin(self, deed: str) -> None:
        """Count from 0 for the next step."""
        self.deed, self.done = deed, 0

    def add(self, table: str, rows: int) -> None:
        self.done += rows
        self._write(f"{CLEAR}{self.done:,} of {self.total:,} rows {self.deed} ({table})")

    def close(self) -> None:
        """Clear the line."""
        self._write(CLEAR)

    def _write(self, line: str) -> None:
        if self.is_shown:
            self.stream.write(line)
            self.stream.flush()
